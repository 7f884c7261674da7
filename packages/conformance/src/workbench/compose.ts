import {
  type AppInput,
  type Command,
  createDeployer,
  type DeployEvent,
  type Deployer,
  type DnsProvider,
  defineApp,
  type EnvironmentInput,
  isSupported,
  type Operation,
  type Plan,
  type Provider,
  redact,
  type Scope,
  type Target,
  type UpOptions,
  type UpResult,
} from "@deploy/core";
import { fillerZone } from "../reference/provider.js";
import { assertEmpty, type Bench, kitSecret } from "./bench.js";

/** What a scenario wants of the composed app. */
export interface Wanted {
  readonly provider?: Provider;
  readonly scope?: Scope;
  /** Command of the process `web`. Default: the one of the fixture, which serves. */
  readonly web?: Command;
  readonly instances?: number;
  readonly release?: string;
  /** Plain config. Default: GREETING is hello. */
  readonly config?: Readonly<Record<string, string>>;
  /** Whether the app has an add-on: of the kind that is made quickest, or of this one. Default none. */
  readonly addon?: boolean | string;
  /** Whether the app has domains, where somebody can serve them. Default false. */
  readonly domains?: boolean;
  /** Instead of these. */
  readonly app?: Partial<AppInput>;
  readonly environment?: Partial<EnvironmentInput>;
  readonly signal?: AbortSignal;
  readonly fetch?: typeof fetch;
}

/** The name of the kit's own secret. */
export const secretName = "KIT_SECRET";
/** The name of the add-on. */
export const addonName = "db";

/** The host names of the composed app. */
export function hostsOf(bench: Bench): { readonly web: string; readonly redirect: string } {
  const zone = bench.provider.dns === undefined ? undefined : bench.subject.fixtures?.zone?.name;
  const domain = `${bench.scope.app}.${zone ?? fillerZone}`;
  return { web: domain, redirect: `old.${domain}` };
}

/** An app across the provider's elements, the rest of them filled in, in front of a fresh provider. */
export function composed(bench: Bench, wanted: Wanted = {}): Deployer {
  const { filler } = bench;
  const provider = wanted.provider ?? bench.freshProvider();
  const scope = wanted.scope ?? bench.scope;
  const own = (name: "containers" | "images" | "logs" | "secrets" | "ingress" | "addons"): Provider =>
    provider[name] === undefined ? filler : provider;
  const runsOwn = provider.containers !== undefined || provider.images !== undefined;
  const app = runsOwn ? bench.fixture("app") : undefined;
  const kind = typeof wanted.addon === "string" ? wanted.addon : quickKind(bench, provider);
  const input = {
    name: scope.app,
    ...(app?.build === undefined ? {} : { build: app.build }),
    processes: {
      web: {
        command: wanted.web ?? app?.web ?? "serve",
        health: { path: "/healthz", startWithin: "20 s" as const, every: "100 ms" as const },
        drain: "1 s" as const,
        stopWithin: "2 s" as const,
        ...(wanted.instances === undefined ? {} : { instances: wanted.instances }),
      },
    },
    ...(wanted.release === undefined ? {} : { release: wanted.release }),
    config: wanted.config ?? { GREETING: "hello" },
    secrets: [secretName],
    ...(wanted.addon ? { addons: { [addonName]: { kind, backup: false } } } : {}),
    ...wanted.app,
  };
  const environment = {
    // A lock is the target's: one that is tried without containers gets the kit's.
    target: (provider.containers === undefined && provider.lease !== undefined
      ? { ...filler, lease: provider.lease }
      : own("containers")) as Target,
    images: own("images"),
    logs: own("logs"),
    secretStore: own("secrets"),
    ingress: own("ingress"),
    addonProvider: own("addons"),
    ...(wanted.domains === true ? traffic(bench, provider) : {}),
    ...wanted.environment,
  };
  const declared = defineApp({ ...input, environments: { [scope.environment]: environment } } as never);
  const context = bench.context();
  return createDeployer(declared, {
    environment: scope.environment,
    directory: context.directory,
    env: context.env,
    fetch: wanted.fetch ?? context.fetch,
    clock: context.clock,
    ...(wanted.signal === undefined ? {} : { signal: wanted.signal }),
  });
}

/** The first kind of add-on that a provider offers. */
export function addonKind(provider: Provider): string | undefined {
  const kinds = provider.addons?.capabilities.kinds ?? {};
  return Object.keys(kinds).find((kind) => isSupported(kinds[kind]));
}

/** The kit's own DNS; where the author publishes proofs, it passes each record on. */
export function ownDns(bench: Bench): DnsProvider {
  const { filler, subject } = bench;
  const prove = subject.fixtures?.prove;
  if (prove === undefined) return filler;
  const apply: DnsProvider["dns"]["apply"] = async (context, zone, changes) => {
    await filler.dns.apply(context, zone, changes);
    for (const change of changes) if (change.action !== "delete") await prove(change.record);
  };
  return { ...filler, dns: { ...filler.dns, apply } };
}

/** The kind of add-on that is made quickest. */
function quickKind(bench: Bench, provider: Provider): string {
  return bench.subject.fixtures?.quickAddon ?? addonKind(provider) ?? "postgres";
}

function traffic(bench: Bench, provider: Provider): Partial<EnvironmentInput> {
  const { filler } = bench;
  const zone = provider.dns === undefined ? undefined : bench.subject.fixtures?.zone;
  const ingress = (provider.ingress ?? filler.ingress).capabilities;
  if (!isSupported(ingress.customHosts)) return {};
  const { web, redirect } = hostsOf(bench);
  const kind = provider.certificates?.capabilities.kind;
  return {
    dns: (zone === undefined ? ownDns(bench) : provider) as never,
    ...(kind !== undefined && ingress.certificateKinds.includes(kind)
      ? { certificates: provider as never }
      : {}),
    domains: { [web]: "web", ...(isSupported(ingress.redirects) ? { [redirect]: { redirect: web } } : {}) },
  };
}

/** Brings the app up, with a value for the kit's secret; everything it says goes into the transcript. */
export async function up(
  bench: Bench,
  deployer: Deployer,
  options: UpOptions = {},
): Promise<{ readonly result: UpResult; readonly events: readonly DeployEvent[] }> {
  return follow(bench, deployer.up({ secrets: { [secretName]: redact(kitSecret) }, ...options }));
}

/** Runs an operation to its end, and keeps what it says. */
export async function follow<T>(
  bench: Bench,
  operation: Operation<T>,
): Promise<{ readonly result: T; readonly events: readonly DeployEvent[] }> {
  const events: DeployEvent[] = [];
  try {
    for await (const event of operation) {
      // What the app's own commands print is theirs.
      if (event.type !== "output") bench.transcript.note(`event ${event.type}`, event);
      events.push(event);
    }
    return { result: await operation, events };
  } catch (thrown) {
    bench.transcript.note("error of the run", thrown);
    throw thrown;
  }
}

/** What `up` would do, as data. */
export async function planOf(bench: Bench, deployer: Deployer): Promise<Plan> {
  const plan = await deployer.plan();
  bench.transcript.note("plan", plan);
  return plan;
}

/** Fails unless the composed app needs nothing. */
export async function assertSettledApp(bench: Bench, wanted: Wanted = {}, what?: string): Promise<void> {
  assertEmpty(await planOf(bench, composed(bench, wanted)), what);
}

/** The output and exit code of a one-off command in the app. */
export async function runIn(
  deployer: Deployer,
  command: Command,
  options: {
    readonly mode?: "run" | "exec";
    readonly input?: Uint8Array;
    readonly env?: Readonly<Record<string, string>>;
  } = {},
): Promise<{ readonly output: string; readonly exitCode: number }> {
  const { mode = "run", ...rest } = options;
  const session = await deployer[mode]({ command, ...rest });
  const decoder = new TextDecoder();
  let output = "";
  for await (const { data } of session.output) output += decoder.decode(data, { stream: true });
  return { output, exitCode: await session.exitCode };
}
