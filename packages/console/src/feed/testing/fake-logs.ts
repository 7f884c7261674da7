import {
  type Context,
  createDeployer,
  DeployError,
  type Deployer,
  defineApp,
  type LogLine,
  type LogQuery,
  type Logs,
  redact,
  type Scope,
} from "@deploy/core";
import { local } from "@deploy/provider-local";
import type { AppRegistry, ConsoleEnvironment } from "../../apps/types.js";

/** Logs of a provider that a test writes into, and makes fail. */
export interface FakeLogs {
  readonly deployer: Deployer;
  /** Prints lines; ends what waits for them. */
  print(...lines: readonly (string | Partial<LogLine>)[]): void;
  /** What every read from now on begins with: throws. */
  failure: DeployError | undefined;
  /** What asking for secrets fails with. */
  secretsFailure: DeployError | undefined;
  /** Cursors made before are refused. */
  refuseCursors(): void;
  readonly queries: LogQuery[];
  readonly secrets: Map<string, string>;
  /** Lines that were taken from the provider. */
  taken(): number;
}

/** What the provider can do; default everything. */
export interface FakeLogsOptions {
  readonly app?: string;
  readonly follow?: boolean;
  readonly resume?: boolean;
  readonly releaseOutput?: boolean;
  /** Output of builds comes by release only: the release's number to its text. */
  readonly builds?: ReadonlyMap<number, string>;
  readonly startAt?: number;
}

/** Makes a deployer whose logs are the test's. */
export function createFakeLogs(options: FakeLogsOptions = {}): FakeLogs {
  const { app = "shop", follow = true, resume = true, releaseOutput = true, startAt = 1_000_000 } = options;
  const lines: LogLine[] = [];
  const queries: LogQuery[] = [];
  const secrets = new Map<string, string>();
  let epoch = 1;
  let taken = 0;
  let wake: (() => void)[] = [];
  const support = (yes: boolean) => (yes ? (true as const) : { no: "it cannot" });

  const logs: Logs = {
    capabilities: {
      follow: support(follow),
      history: true,
      releaseOutput: support(releaseOutput),
      resume: support(resume),
      ...(options.builds === undefined ? {} : { releaseOutputApart: ["build"] as const }),
      retention: "all",
    },
    async *read(context, _scope, query) {
      queries.push(query);
      if (query.release !== undefined) {
        const text = options.builds?.get(query.release);
        const { release } = query;
        const time = new Date(startAt).toISOString();
        if (text !== undefined) {
          yield { time, process: "build", instance: "build", release, stream: "stdout", text, cursor: "" };
        }
        return;
      }
      if (fake.failure !== undefined) throw fake.failure;
      let at = 0;
      if (query.after !== undefined) {
        const [made, index] = query.after.split(":").map(Number);
        if (made !== epoch) throw new DeployError({ code: "logs.bad-cursor", message: "unknown cursor" });
        at = (index ?? 0) + 1;
      }
      for (;;) {
        for (; at < lines.length; at++) {
          if (context.signal.aborted) return;
          if (fake.failure !== undefined) throw fake.failure;
          const line = lines[at]!;
          if (query.since !== undefined && Date.parse(line.time) < query.since.getTime()) continue;
          taken++;
          yield { ...line, cursor: `${epoch}:${at}` };
        }
        if (query.follow !== true || context.signal.aborted) return;
        await new Promise<void>((resolve) => {
          wake.push(resolve);
          context.signal.addEventListener("abort", () => resolve(), { once: true });
        });
        if (fake.failure !== undefined) throw fake.failure;
      }
    },
  };
  const base = local();
  const target = {
    ...base,
    name: "fake",
    logs,
    containers: {
      ...base.containers,
      releases: async () =>
        [...(options.builds?.keys() ?? [])].map((number) => ({
          ...{ number, state: "superseded" as const, config: {}, secrets: [], origin: { author: "maria" } },
          image: { digest: "sha256:0", location: "shop" },
          createdAt: new Date(startAt).toISOString(),
        })),
    },
    secrets: {
      ...base.secrets,
      list: async () => {
        if (fake.secretsFailure !== undefined) throw fake.secretsFailure;
        return [...secrets].map(([name, value]) => ({
          name,
          version: value,
          setAt: new Date(0).toISOString(),
        }));
      },
      reveal: async (_context: Context, _scope: Scope, name: string) => redact(secrets.get(name) ?? ""),
    },
  };
  const deployer = createDeployer(
    defineApp({ name: app, processes: { web: { command: "x" } }, environments: { local: { target } } }),
    { environment: "local" },
  );

  const fake: FakeLogs = {
    deployer,
    failure: undefined,
    secretsFailure: undefined,
    queries,
    secrets,
    taken: () => taken,
    print: (...texts) => {
      for (const text of texts) {
        const line = typeof text === "string" ? { text } : text;
        lines.push({
          time: new Date(startAt + lines.length).toISOString(),
          process: "web",
          instance: "web.1",
          stream: "stdout",
          text: "",
          cursor: "",
          ...line,
        });
      }
      const woken = wake;
      wake = [];
      for (const resolve of woken) resolve();
    },
    refuseCursors: () => {
      epoch++;
    },
  };
  return fake;
}

/** A registry of these deployers, which a test can change. */
export function createFakeRegistry(deployers: readonly Deployer[]): AppRegistry & {
  change(deployers: readonly Deployer[]): void;
} {
  const listeners = new Set<() => void>();
  let list = environmentsOf(deployers);
  return {
    list: () => list,
    find: (app, environment) => list.find((one) => one.app === app && one.environment === environment),
    patterns: () => [],
    problems: () => [],
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: async () => {},
    change: (next) => {
      list = environmentsOf(next);
      for (const listener of listeners) listener();
    },
  };
}

function environmentsOf(deployers: readonly Deployer[]): readonly ConsoleEnvironment[] {
  return deployers.map((deployer) => ({
    app: deployer.app.name,
    environment: deployer.environment.name,
    deployer,
  }));
}
