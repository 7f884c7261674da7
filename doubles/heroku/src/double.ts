import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { accountRoutes } from "./account.js";
import { createAddons } from "./addons.js";
import { createApps } from "./apps.js";
import { attachmentRoutes } from "./attachments.js";
import { createBuilds } from "./builds.js";
import { collaboratorRoutes } from "./collaborators.js";
import { configVarRoutes } from "./config-vars.js";
import { dataRoutes } from "./data-api.js";
import { createDatabases } from "./databases.js";
import { domainRoutes } from "./domains.js";
import { dynoRoutes } from "./dyno-routes.js";
import { dynoSizeRoutes } from "./dyno-sizes.js";
import { createDynos } from "./dynos.js";
import { createFaults, type Faults } from "./faults.js";
import { formationRoutes } from "./formation.js";
import { newId, now } from "./ids.js";
import { createImages } from "./images.js";
import { createJudge, type Violation } from "./judge.js";
import { createLedger, type Ledger } from "./ledger.js";
import { createLogSessions } from "./log-sessions.js";
import { metricsRoutes } from "./metrics.js";
import { type AccountInput, type DoubleOptions, defaultDelays, defaultSchemas } from "./options.js";
import { pipelineRoutes } from "./pipelines.js";
import { planRoutes } from "./plans.js";
import { promotionRoutes } from "./promotions.js";
import { createRegistry, findRegistry } from "./registry.js";
import { createReleases } from "./releases.js";
import { createRendezvous } from "./rendezvous.js";
import { reviewAppRoutes } from "./review-apps.js";
import { serveJson } from "./server.js";
import { createSetups } from "./setups.js";
import { spaceRoutes } from "./spaces.js";
import { type Account, emptyState, type State } from "./state.js";
import { serveStreams } from "./streams.js";
import { teamRoutes } from "./teams.js";
import type { Scripts, World } from "./world.js";

/** A double of Heroku that runs on this machine. */
export interface HerokuDouble {
  /** The Platform API's host: what `https://api.heroku.com` is. */
  readonly url: string;
  /** The host of databases: what `https://api.data.heroku.com` is. */
  readonly dataUrl: string;
  /** The host of metrics: what `https://api.metrics.heroku.com` is. */
  readonly metricsUrl: string;
  /** The image registry: what `https://registry.heroku.com` is. Undefined where no `docker-registry` is installed. */
  readonly registryUrl: string | undefined;
  /** Where one-off dynos meet their clients, `127.0.0.1:port`, TLS. */
  readonly rendezvousAddress: string;
  /** The certificate of the rendezvous server, PEM, to be trusted. */
  readonly certificate: string;
  /** What it knows, as data; to be read, and changed where a test needs to. */
  readonly state: State;
  /** False when the published schemas were not there: then nothing is judged, and `violations` stays empty. */
  readonly judged: boolean;
  /** Requests and answers which the published schema does not allow. */
  readonly violations: readonly Violation[];
  /** Faults of calls. */
  readonly faults: Faults;
  /** What happens to the next release, build, certificate or add-on. */
  readonly scripts: Scripts;
  /** The calls that came, and what they cost. */
  readonly ledger: Ledger;
  /** Calls for which the double has no route. */
  readonly unserved: World["unserved"];
  /** What went wrong inside the double; a test should find it empty. */
  readonly failures: readonly unknown[];
  /** Adds an account; teams are made as they are named. */
  addAccount(input: AccountInput): Account;
  /** Ends all servers and processes, and removes all files. */
  close(): Promise<void>;
}

/** Starts a double with nothing in it but accounts. */
export async function createHerokuDouble(options: DoubleOptions = {}): Promise<HerokuDouble> {
  const state = emptyState();
  const violations: Violation[] = [];
  const schemas = options.schemas ?? defaultSchemas();
  const listeners = new Map<string, Set<() => void>>();
  const timers = new Set<NodeJS.Timeout>();
  const world: World = {
    state,
    delays: { ...defaultDelays, ...options.delays },
    options: {
      pageSize: options.pageSize ?? 1000,
      databases: options.databases ?? true,
      runs: options.runs ?? /^$/,
    },
    ledger: createLedger(options.rateLimit ?? { capacity: 4500, perMinute: 75 }),
    faults: createFaults(),
    scripts: {
      releases: [],
      builds: [],
      certificates: [],
      addons: [],
      claimedHostnames: [],
      takenNames: [],
      streamCuts: [],
    },
    judge: createJudge(schemas, violations),
    unserved: [],
    failures: [],
    urls: { api: "", data: "", metrics: "", streams: "", registry: "", rendezvous: "" },
    directory: await mkdtemp(join(tmpdir(), "heroku-double-")),
    closing: [],
    log(app, source, process, message) {
      app.logs.push({ at: new Date().toISOString().replace("Z", "000+00:00"), source, process, message });
      for (const listener of listeners.get(app.id) ?? []) listener();
    },
    follow(app, listener) {
      const set = listeners.get(app.id) ?? new Set();
      listeners.set(app.id, set.add(listener));
      return () => set.delete(listener);
    },
    later(milliseconds, task) {
      const timer = setTimeout(() => {
        timers.delete(timer);
        task();
      }, milliseconds);
      timers.add(timer);
    },
  };
  const addAccount = (input: AccountInput): Account => newAccount(state, input);
  for (const input of options.accounts ?? [{ email: "owner@example.com", tokens: ["token-of-owner"] }])
    addAccount(input);

  const dynos = createDynos(world);
  const releases = createReleases(world, dynos);
  const databases = createDatabases(world);
  const addons = createAddons(world, releases, databases);
  const apps = createApps(world, { releases, dynos, addons });
  const sessions = createLogSessions(world);
  const program = options.registry === false ? undefined : findRegistry();
  const registry = program === undefined ? undefined : await createRegistry(world, program);
  const builds = createBuilds(world, releases);
  const setups = createSetups(world, apps, builds);
  const rendezvous = await createRendezvous(world);
  const api = await serveJson(world, "api", [
    ...accountRoutes(world),
    ...teamRoutes(world),
    ...apps.routes,
    ...configVarRoutes(world, releases),
    ...formationRoutes(world, { dynos, releases, sourceOfImage: createImages(world, registry) }),
    ...dynoRoutes(world, dynos, rendezvous),
    ...dynoSizeRoutes(world),
    ...releases.routes,
    ...builds.routes,
    ...domainRoutes(world),
    ...planRoutes(),
    ...addons.routes,
    ...attachmentRoutes(world, addons),
    ...collaboratorRoutes(world),
    ...sessions.routes,
    ...spaceRoutes(world),
    ...pipelineRoutes(world),
    ...promotionRoutes(world, releases),
    ...setups.routes,
    ...reviewAppRoutes(world, apps, setups),
  ]);
  const data = await serveJson(world, "data", dataRoutes(world, databases));
  const metrics = await serveJson(world, "metrics", metricsRoutes(world));
  const streams = await serveStreams(world, sessions);
  world.urls.api = api.url;
  world.urls.streams = streams.url;
  return {
    url: api.url,
    dataUrl: data.url,
    metricsUrl: metrics.url,
    registryUrl: registry?.url,
    rendezvousAddress: rendezvous.address,
    certificate: rendezvous.certificate,
    state,
    judged: world.judge !== undefined,
    violations,
    faults: world.faults,
    scripts: world.scripts,
    ledger: world.ledger,
    unserved: world.unserved,
    failures: world.failures,
    addAccount,
    async close() {
      for (const timer of timers) clearTimeout(timer);
      await Promise.all([api, data, metrics, streams].map((host) => host.close()));
      for (const end of world.closing.toReversed()) await end();
      await rm(world.directory, { recursive: true, force: true });
    },
  };
}

function newAccount(state: State, input: AccountInput): Account {
  const account: Account = {
    id: newId(),
    email: input.email,
    name: null,
    tokens: [...input.tokens],
    suspendedAt: input.suspended ? now() : null,
    delinquentAt: input.delinquent ? now() : null,
    twoFactorCode: input.twoFactorCode,
    verified: input.verified ?? true,
    ecoDynosEnabled: false,
    createdAt: now(),
  };
  state.accounts.push(account);
  for (const [name, role] of Object.entries(input.teams ?? {})) {
    let team = state.teams.find((one) => one.name === name);
    if (team === undefined) {
      team = { id: newId(), name, enterprise: false, members: [], createdAt: now() };
      state.teams.push(team);
    }
    team.members.push({ id: newId(), email: input.email, role, createdAt: now() });
  }
  return account;
}
