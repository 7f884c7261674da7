import { isSupported } from "../elements/capability.js";
import { DeployError } from "../errors.js";
import { addonVariables } from "./addon-variables.js";
import { parseDuration, parseSize } from "./durations.js";
import { suggest } from "./edit-distance.js";
import { normaliseHost } from "./host-names.js";
import { isLaterPart } from "./names.js";
import { resolveProviders } from "./resolve-providers.js";
import type {
  ResolvedAddon,
  ResolvedBuild,
  ResolvedDomain,
  ResolvedEnvironment,
  ResolvedHealth,
  ResolvedJob,
  ResolvedProcess,
  ResolvedProviders,
} from "./resolved.js";
import type {
  App,
  BuildInput,
  DomainInput,
  EnvironmentInput,
  HealthInput,
  JobInput,
  ProcessInput,
  Target,
} from "./types.js";

/** What an environment is resolved with. */
export interface ResolveOptions {
  /** Target of environments that declare none. Without it they are refused. */
  readonly defaultTarget?: Target | undefined;
}

const releaseTimeoutMs = 15 * 60_000;

/**
 * One environment of an app, defaults filled in and overrides applied; `app` must have passed `validateApp`.
 *
 * What an environment says replaces what the app says, option by option; `config` is merged, `secrets` are united.
 * Domains of an environment stand instead of the app's, and `local` has only its own: a machine at home must not claim
 * the production host. `review/12` is an environment of its own, or else one of those that `review/*` declares.
 *
 * @throws `config.unknown-environment`, `config.no-target`.
 */
export function resolveEnvironment(
  app: App,
  environmentName: string,
  options: ResolveOptions = {},
): ResolvedEnvironment {
  const input = findEnvironment(app, environmentName);
  const target = input.target ?? options.defaultTarget;
  if (target === undefined) {
    throw new DeployError({
      code: "config.no-target",
      message: `The environment ${environmentName} of ${app.name} has no target.`,
      hint: `Say where it runs: environments: { ${JSON.stringify(environmentName)}: { target: heroku() } }, say.`,
    });
  }
  const providers = resolveProviders(input, target);
  const release = input.release ?? app.release;
  const domains = input.domains ?? (environmentName === "local" ? {} : (app.domains ?? {}));
  return {
    app: app.name,
    name: environmentName,
    ...(input.account === undefined ? {} : { account: input.account }),
    protected: input.protected ?? false,
    providers,
    build: resolveBuild(app.build ?? {}),
    processes: resolveProcesses(app, input),
    ...(release === undefined || release === false
      ? {}
      : { release: { command: release, timeoutMs: releaseTimeoutMs } }),
    jobs: resolveJobs(app, input),
    config: asText({ ...app.config, ...withoutUndefined(input.config ?? {}) }),
    secrets: [...new Set([...(app.secrets ?? []), ...(input.secrets ?? [])])],
    addons: resolveAddons(app, input, providers),
    domains: Object.entries(domains).map(([host, leadsTo]) => resolveDomain(host, leadsTo)),
  };
}

function findEnvironment(app: App, name: string): EnvironmentInput {
  const environments = app.environments ?? {};
  if (Object.hasOwn(environments, name) && !name.endsWith("*")) return environments[name]!;
  const slash = name.lastIndexOf("/");
  const pattern = `${name.slice(0, slash)}/*`;
  if (slash > 0 && Object.hasOwn(environments, pattern) && isLaterPart(name.slice(slash + 1))) {
    return environments[pattern]!;
  }
  if (name === "local") return {};
  const known = [...new Set(["local", ...Object.keys(environments)])];
  throw new DeployError({
    code: "config.unknown-environment",
    message: `${app.name} has no environment "${name}". There ${known.length === 1 ? "is" : "are"} ${known.join(", ")}.`,
    hint: name.endsWith("*")
      ? `Name one of them: "${name.slice(0, -1)}12", say.`
      : suggest(name, known, "").startsWith("Did")
        ? suggest(name, known, "")
        : `Choose one of these, or declare it: environments: { ${JSON.stringify(name)}: { target: … } }.`,
    details: { environments: known },
  });
}

function resolveBuild(build: BuildInput): ResolvedBuild {
  return { ...withoutUndefined(build), context: build.context ?? ".", args: build.args ?? {} };
}

function resolveProcesses(app: App, environment: EnvironmentInput): readonly ResolvedProcess[] {
  const withDomain = processesWithDomain(app);
  return Object.entries(app.processes ?? {}).map(([name, base]) => {
    const override = withoutUndefined(environment.processes?.[name] ?? {});
    const process: ProcessInput = { ...base, ...override };
    const { port, health, instances, memory, cpu } = process;
    const internal = process.internal ?? false;
    return {
      name,
      command: process.command,
      health: resolveHealth(health),
      ...(instances === undefined ? {} : { instances }),
      ...(memory === undefined ? {} : { memory: parseSize(memory) }),
      ...(cpu === undefined ? {} : { cpu }),
      listens:
        name === "web" || internal || port !== undefined || health !== undefined || withDomain.has(name),
      internal,
      ...(port === undefined ? {} : { port }),
      volumes: process.volumes ?? {},
      drainMs: parseDuration(process.drain ?? "30 s"),
      stopWithinMs: parseDuration(process.stopWithin ?? "10 s"),
      config: asText({ ...base.config, ...withoutUndefined(override.config ?? {}) }),
    };
  });
}

/** Of any environment: what serves a domain in production listens at home too. */
function processesWithDomain(app: App): ReadonlySet<string> {
  const all = [
    app.domains,
    ...Object.values(app.environments ?? {}).map((environment) => environment.domains),
  ];
  return new Set(
    all.flatMap((domains) => Object.values(domains ?? {})).filter((to) => typeof to === "string"),
  );
}

function resolveHealth(health: string | HealthInput | undefined): ResolvedHealth {
  const input = typeof health === "string" ? { path: health } : health;
  return {
    ...(input === undefined ? {} : { path: input.path }),
    everyMs: parseDuration(input?.every ?? "500 ms"),
    timeoutMs: parseDuration(input?.timeout ?? "5 s"),
    startWithinMs: parseDuration(input?.startWithin ?? "60 s"),
  };
}

function resolveJobs(app: App, environment: EnvironmentInput): readonly ResolvedJob[] {
  return Object.entries(app.jobs ?? {}).flatMap(([name, base]) => {
    const override = environment.jobs?.[name];
    if (override === false) return [];
    const job: JobInput = { ...base, ...withoutUndefined(override ?? {}) };
    return {
      name,
      command: job.command,
      schedule: job.schedule,
      timeZone: job.timeZone ?? "UTC",
      timeoutMs: parseDuration(job.timeout ?? "1 h"),
      ...(job.memory === undefined ? {} : { memory: parseSize(job.memory) }),
    };
  });
}

function resolveAddons(
  app: App,
  environment: EnvironmentInput,
  providers: ResolvedProviders,
): readonly ResolvedAddon[] {
  const merged = Object.entries(app.addons ?? {}).map(([name, base]) => ({
    ...base,
    ...withoutUndefined(environment.addons?.[name] ?? {}),
    name,
    kind: environment.addons?.[name]?.kind ?? base.kind,
  }));
  const variables = addonVariables(merged.map(({ name, kind, as }) => ({ name, kind, as })));
  const canBackUp = isSupported(providers.addons.addons?.capabilities.backup);
  return merged.map(({ name, kind, plan, version, extensions, backup }) => ({
    name,
    kind,
    ...(plan === undefined ? {} : { plan }),
    ...(version === undefined ? {} : { version }),
    extensions: extensions ?? [],
    as: variables.get(name)!,
    backup: backup ?? (kind === "postgres" && canBackUp),
  }));
}

function resolveDomain(host: string, leadsTo: DomainInput<string>): ResolvedDomain {
  return typeof leadsTo === "string"
    ? { host: normaliseHost(host), process: leadsTo }
    : { host: normaliseHost(host), redirect: normaliseHost(leadsTo.redirect) };
}

function asText(
  config: Readonly<Record<string, string | number | boolean | undefined>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(config).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
  );
}

/** JavaScript may say `memory: undefined` where it means nothing at all; it must not replace what the app says. */
function withoutUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as T;
}
