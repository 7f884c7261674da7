import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Command, DeployError, type Route, redact } from "@deploy/core";
import { buildLogOf } from "../build-log.js";
import { readAllProcesses } from "../operating-system/process-table.js";
import { createUsageSampler } from "../operating-system/process-usage.js";
import type { EnvironmentView, OneOffPlan, ReleaseRecord, ReleaseRequest } from "../protocol.js";
import { createStateWriter, type EnvironmentState, environmentDirectory } from "./environment-state.js";
import { createFormation, type Formation, serviceId } from "./formation.js";
import { createInstances } from "./instances.js";
import { createJobs } from "./jobs.js";
import type { Machinery, Reporter } from "./machinery.js";
import { processEnvironment, sensitivePrefix } from "./process-environment.js";
import { runReleaseCommand } from "./release-command.js";
import { makeReleaseDirectory } from "./release-directory.js";
import { pruneReleases } from "./release-pruning.js";
import { rollOut } from "./rollout.js";
import { killRun } from "./run-identity.js";
import { addInstances } from "./scale-up.js";
import { createTurns } from "./turns.js";

/** One environment of one app, as the supervisor runs it. */
export interface Environment {
  readonly state: EnvironmentState;
  view(): Promise<EnvironmentView>;
  /** Picks up what an earlier supervisor left: adopts, ends orphans, starts what is missing. */
  recover(): Promise<void>;
  /** Stores a release under the next number; the same again as the newest one answers with that. */
  createRelease(request: ReleaseRequest): Promise<ReleaseRecord>;
  runReleaseCommand(
    release: number,
    request: { readonly command: Command; readonly timeoutMs: number; readonly again: boolean },
    reporter: Reporter,
  ): Promise<void>;
  /** A stable loopback port for a process, before anything of it runs: its fellows are told of it. */
  reservePort(process: string): Promise<number>;
  rollOut(release: number, counts: Readonly<Record<string, number>>, reporter: Reporter): Promise<void>;
  scale(counts: Readonly<Record<string, number>>, reporter: Reporter): Promise<void>;
  restart(process: string | undefined, reporter: Reporter): Promise<void>;
  setRoutes(routes: readonly Route[]): Promise<void>;
  oneOff(request: {
    readonly mode: "run" | "exec";
    readonly process?: string;
    readonly instance?: string;
  }): Promise<OneOffPlan>;
  /** Writes down that a one-off command runs in a client, so that it does not outlive its environment. */
  oneOffStarted(run: string, pid: number, startTime: string): Promise<void>;
  oneOffEnded(run: string): Promise<void>;
  removeLogs(): Promise<void>;
  save(): Promise<void>;
  /** Stops every process; data, logs and records stay. */
  stopProcesses(): Promise<void>;
  /** Stops everything and removes the environment's directory. */
  remove(): Promise<void>;
  readonly formation: Formation;
}

/** Opens one environment; nothing is started before `recover` or a rollout. */
export function openEnvironment(machinery: Machinery, state: EnvironmentState): Environment {
  const { home, proxy, secrets, logs } = machinery;
  const { app, environment } = state;
  const directory = environmentDirectory(home, app, environment);
  const writer = createStateWriter(home, state);
  const instances = createInstances(machinery, state, writer);
  const jobs = createJobs(machinery, state, writer);
  const usage = createUsageSampler();
  const inTurn = createTurns();
  // Frameworks answer only to host names they know: a health check asks under the first one that leads there.
  const hostOf = (process: string): string =>
    state.routes.flatMap((route) => ("process" in route && route.process === process ? route.host : []))[0] ??
    "localhost";
  const formation = createFormation(machinery, state, writer, instances, hostOf);
  const parts = { machinery, state, writer, instances, formation, hostOf };

  const findRelease = (number: number): ReleaseRecord => {
    const release = state.releases.find((one) => one.number === number);
    if (release !== undefined) return release;
    throw new DeployError({
      code: "containers.unknown-release",
      message: `There is no release ${number} of ${app} in ${environment}.`,
      hint: `Known: ${state.releases.map((one) => one.number).join(", ") || "none"}.`,
    });
  };

  const servingRelease = (): ReleaseRecord => {
    if (state.serving !== undefined) return findRelease(state.serving.release);
    throw new DeployError({
      code: "containers.not-deployed",
      message: `Nothing of ${app} is in service in ${environment}.`,
      hint: "Run: deploy up",
    });
  };

  const openPort = async (process: string): Promise<void> => {
    const service = serviceId(app, environment, process);
    if (proxy.servers().has(`service:${service}`)) return;
    const listening = await proxy.listenService(service, {
      port: state.ports[process] ?? 0,
      host: "127.0.0.1",
    });
    state.ports[process] = listening.port;
  };
  const openPorts = async (release: ReleaseRecord): Promise<void> => {
    for (const process of release.processes) if (process.listens) await openPort(process.name);
  };

  const prepare = (release: ReleaseRecord): Promise<void> =>
    makeReleaseDirectory({
      image: release.image.location,
      directory: join(directory, "releases", String(release.number)),
      volumes: join(directory, "volumes"),
      processes: release.processes,
    });

  const storeBuildOutput = async (release: ReleaseRecord): Promise<void> => {
    const text = await readFile(buildLogOf(release.image.location), "utf8").catch(() => "");
    if (text === "") return;
    await logs.appendReleaseOutput({ app, environment, release: release.number, command: "build", text });
  };

  const storeSensitive = async (request: ReleaseRequest): Promise<ReleaseRecord["sensitiveConfig"]> => {
    const stored = [...request.storedSensitiveConfig];
    for (const [name, value] of Object.entries(request.sensitiveConfig)) {
      const version = await secrets.set(app, environment, `${sensitivePrefix}${name}`, redact(value), {
        by: "release",
      });
      stored.push({ name, version: String(version) });
    }
    return stored.sort((a, b) => (a.name < b.name ? -1 : 1));
  };

  return {
    state,
    formation,
    save: () => writer.save(),
    removeLogs: () => logs.removeLogs({ app, environment }),

    async view() {
      const running = [...formation.slots.values()].flatMap((slot) => slot.instance ?? []);
      const samples = await usage.sample(running.map((instance) => instance.running.pid));
      const usageOf = new Map(running.map((one) => [one.record.name, samples.get(one.running.pid)]));
      const processes = formation.view(state.serving?.instances ?? {}).map((process) => ({
        ...process,
        instances: process.instances.map((instance) => {
          const sample = usageOf.get(instance.name);
          if (sample === undefined) return instance;
          const cpu = sample.cpuPercent;
          return { ...instance, memory: sample.memoryBytes, ...(cpu === undefined ? {} : { cpu }) };
        }),
      }));
      return {
        app,
        environment,
        releases: state.releases,
        routes: state.routes,
        addons: state.addons,
        ports: state.ports,
        ...(state.serving === undefined ? {} : { serving: state.serving }),
        ...(state.rollout === undefined ? {} : { rollout: state.rollout }),
        ...(state.releaseCommand === undefined ? {} : { releaseCommand: state.releaseCommand }),
        status: {
          processes,
          jobs: jobs.view(),
          ...(state.serving === undefined ? {} : { release: state.serving.release }),
        },
      };
    },

    async recover() {
      const processes = await readAllProcesses();
      for (const command of state.commands) await killRun(command, processes);
      state.commands = [];
      if (state.releaseCommand?.state === "running")
        state.releaseCommand = { ...state.releaseCommand, state: "failed" };
      state.rollout = undefined;
      for (const addon of state.addons) {
        await machinery.databases
          .ensure({
            app,
            environment,
            name: addon.name,
            kind: addon.kind as "postgres",
            extensions: addon.extensions,
          })
          .catch((error) => machinery.log(`add-on ${addon.name} of ${app}/${environment}: ${error.message}`));
      }
      const release = state.serving && state.releases.find((one) => one.number === state.serving?.release);
      if (release !== undefined) {
        await openPorts(release).catch((error) =>
          machinery.log(`ports of ${app}/${environment}: ${error.message}`),
        );
        await prepare(release);
      }
      const adopted = new Map<string, NonNullable<Awaited<ReturnType<typeof instances.adopt>>>>();
      for (const record of [...state.instances]) {
        const definition = release?.processes.find((one) => one.name === record.process);
        const wanted =
          record.role === "serving" && record.release === release?.number && !adopted.has(record.name);
        const instance = wanted && definition ? await instances.adopt(record, definition) : undefined;
        if (instance === undefined) await instances.discard(record);
        else adopted.set(record.name, instance);
      }
      await writer.save();
      if (release === undefined) return;
      const slots = release.processes.flatMap((definition) =>
        Array.from({ length: state.serving?.instances[definition.name] ?? 0 }, (_, index) => {
          const name = `${definition.name}.${index + 1}`;
          const since = new Date().toISOString();
          const instance = adopted.get(name);
          return { name, number: index + 1, definition, release, instance, restarts: 0, crashes: [], since };
        }),
      );
      formation.swap(slots);
      for (const instance of adopted.values()) {
        if (!slots.some((slot) => slot.instance === instance)) void formation.retire(instance);
      }
      for (const slot of slots) if (slot.instance === undefined) formation.fill(slot, 0);
      jobs.schedule(release);
    },

    createRelease: (request) =>
      inTurn(async () => {
        const sensitiveConfig = await storeSensitive(request);
        const { image, config, processes, origin, path, secrets: pinned } = request;
        const content = { image, config, secrets: pinned, processes, jobs: request.jobs, sensitiveConfig };
        const newest = state.releases.at(-1);
        // A lost answer is asked for again: the newest release with the same content is that answer, unless it was
        // meant to be another one, as a rollback is.
        if (
          newest !== undefined &&
          newest.origin.repeats === origin.repeats &&
          sameContent(newest, content)
        ) {
          return newest;
        }
        const release: ReleaseRecord = {
          ...content,
          number: state.lastRelease + 1,
          state: "pending",
          origin,
          path,
          createdAt: new Date().toISOString(),
        };
        await prepare(release);
        await openPorts(release);
        state.lastRelease = release.number;
        state.releases = [...state.releases, release];
        await storeBuildOutput(release);
        await writer.save();
        return release;
      }),

    async reservePort(process) {
      await openPort(process);
      await writer.save();
      return state.ports[process] ?? 0;
    },

    runReleaseCommand: (number, command, reporter) =>
      inTurn(async () => {
        const release = findRelease(number);
        await prepare(release);
        await runReleaseCommand(machinery, state, writer, { release, ...command }, reporter);
      }),

    rollOut: (number, counts, reporter) =>
      inTurn(async () => {
        const release = findRelease(number);
        if (state.serving?.release === number && sameCounts(state.serving.instances, counts)) return;
        state.rollout = { release: number };
        await writer.save();
        await prepare(release);
        await openPorts(release);
        await rollOut(parts, { release, counts }, reporter).catch(async (thrown: unknown) => {
          const failure = thrown instanceof Error ? thrown.message : String(thrown);
          state.releases = state.releases.map((one) =>
            one.number === number && one.state === "pending" ? { ...one, state: "failed", failure } : one,
          );
          await writer.save().catch(() => {});
          throw thrown;
        });
        jobs.schedule(release);
        machinery.routesChanged();
        void pruneReleases(machinery, state, writer).catch((error) =>
          machinery.log(`pruning ${app}: ${error}`),
        );
      }),

    scale: (counts, reporter) =>
      inTurn(async () => {
        const release = servingRelease();
        const before = state.serving?.instances ?? {};
        const after = { ...before, ...counts };
        for (const definition of release.processes) {
          const [from, to] = [before[definition.name] ?? 0, after[definition.name] ?? 0];
          if (to < from) {
            const names = Array.from(
              { length: from - to },
              (_, index) => `${definition.name}.${to + index + 1}`,
            );
            state.serving = { release: release.number, instances: after };
            await writer.save();
            for (const instance of formation.take(names)) void formation.retire(instance);
            reporter.progress(`${definition.name}: ${from} → ${to}`);
          } else if (to > from) {
            await rollOutMore(definition.name, from, to, release, reporter);
          }
        }
        state.serving = { release: release.number, instances: after };
        await writer.save();
      }),

    restart: (process, reporter) =>
      inTurn(async () => {
        const release = servingRelease();
        const only = process === undefined ? undefined : new Set([process]);
        const counts = state.serving?.instances ?? {};
        await rollOut(parts, { release, counts, ...(only === undefined ? {} : { only }) }, reporter);
      }),

    async setRoutes(routes) {
      state.routes = routes;
      await writer.save();
      machinery.routesChanged();
    },

    async oneOff(request) {
      const release = servingRelease();
      const slot = request.instance === undefined ? undefined : formation.slots.get(request.instance);
      if (request.instance !== undefined && slot === undefined) {
        throw new DeployError({
          code: "containers.unknown-instance",
          message: `There is no instance ${request.instance}.`,
          hint: `Running: ${[...formation.slots.keys()].join(", ") || "none"}.`,
        });
      }
      const name = slot?.definition.name ?? request.process;
      const definition = release.processes.find((one) => one.name === name) ?? release.processes[0];
      const run = `run-${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 8)}`;
      const cwd = join(directory, "releases", String(release.number));
      const port =
        request.mode === "exec"
          ? (slot ?? [...formation.slots.values()][0])?.instance?.record.port
          : undefined;
      const values = await processEnvironment({
        app,
        environment,
        release,
        directory: cwd,
        secrets,
        process: request.mode === "exec" ? (definition?.name ?? "run") : "run",
        instance: slot?.name ?? "run.1",
        run,
        ...(definition === undefined ? {} : { config: definition.config }),
        ...(port === undefined ? {} : { port }),
      });
      state.commands.push({ run });
      await writer.save();
      return { id: run, release: release.number, directory: cwd, environment: values };
    },

    async oneOffStarted(run, pid, startTime) {
      state.commands = state.commands.map((known) => (known.run === run ? { run, pid, startTime } : known));
      await writer.save();
    },

    async oneOffEnded(run) {
      state.commands = state.commands.filter((known) => known.run !== run);
      await writer.save();
    },

    stopProcesses: () =>
      inTurn(async () => {
        jobs.stop();
        const processes = await readAllProcesses();
        await Promise.all(state.commands.map((command) => killRun(command, processes)));
        for (const instance of formation.take([...formation.slots.keys()])) {
          void formation.retire(instance, { drainMs: 0 });
        }
        await formation.settled();
        for (const name of Object.keys(state.ports))
          await proxy.removeService(serviceId(app, environment, name));
        state.serving = undefined;
        state.ports = {};
        state.commands = [];
        await writer.save();
      }),

    async remove() {
      await this.stopProcesses();
      for (const record of [...state.instances]) await instances.discard(record).catch(() => {});
      state.routes = [];
      machinery.routesChanged();
      await logs.flush().catch(() => {});
      await writer.remove();
      await rm(directory, { recursive: true, force: true });
    },
  };

  async function rollOutMore(
    process: string,
    from: number,
    to: number,
    release: ReleaseRecord,
    reporter: Reporter,
  ): Promise<void> {
    const definition = release.processes.find((one) => one.name === process);
    if (definition === undefined) return;
    await addInstances(parts, { definition, release, from, to }, reporter);
  }
}

function sameContent(
  release: ReleaseRecord,
  content: Omit<ReleaseRequest, "origin" | "path" | "sensitiveConfig" | "storedSensitiveConfig"> &
    Pick<ReleaseRecord, "sensitiveConfig">,
): boolean {
  const pick = (from: typeof content): string =>
    JSON.stringify([
      from.image.digest,
      sorted(from.config),
      from.secrets,
      from.processes,
      from.jobs,
      from.sensitiveConfig,
    ]);
  return pick(release) === pick(content);
}

function sorted(record: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}

function sameCounts(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): boolean {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => (a[name] ?? 0) === (b[name] ?? 0));
}
