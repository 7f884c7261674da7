import type { Context } from "../../context.js";
import type { Containers, Release, ReleaseSpec, RolloutPlan } from "../../elements/containers.js";
import type { Scope } from "../../elements/scope.js";
import { type Late, output } from "../../engine/out.js";
import type { AnyResource, FieldChange, Resource } from "../../engine/resource.js";
import { DeployError } from "../../errors.js";
import { isRedacted, reveal } from "../../redacted.js";
import { type KeptRelease, keyOf, type MemoryCloud, request, thing } from "./memory-cloud.js";

type Content = Pick<ReleaseSpec, "image" | "config" | "secrets" | "processes" | "jobs"> & {
  readonly sensitiveConfig: readonly string[];
};
type Known = Late<Content> extends infer Value ? Exclude<Value, symbol> : never;

/** Containers of the tests' vendor: numbered releases, a release command, processes that serve, a switch. */
export function memoryContainers(
  cloud: MemoryCloud,
  capabilities: Partial<Containers["capabilities"]> = {},
): Containers {
  const kept = (scope: Scope): KeptRelease[] => cloud.releases.get(keyOf(scope)) ?? [];
  return {
    capabilities: {
      releaseCommand: true,
      jobs: true,
      run: true,
      exec: true,
      scale: true,
      volumes: true,
      internalAddresses: true,
      atomicRelease: true,
      rollback: true,
      zeroDowntime: true,
      ...capabilities,
    },
    rollout: (scope, spec) => rollout(cloud, scope, spec),
    address: (scope, process) => `http://${process.name}.${scope.environment}.internal`,
    status: (context, scope) =>
      request(cloud, context, "status", () => {
        const active = kept(scope).find((one) => one.release.state === "active");
        const names = active?.processes.map((process) => process.name) ?? [];
        const release = active?.release.number ?? 0;
        return {
          ...(active === undefined ? {} : { release }),
          jobs: [],
          processes: names.map((name) => ({
            name,
            desired: 1,
            instances: [
              { name: `${name}.1`, state: "running", release, since: "2026-01-01T00:00:00Z", restarts: 0 },
            ],
          })),
        };
      }),
    releases: (context, scope) =>
      request(cloud, context, "releases", () =>
        kept(scope)
          .map((one) => one.release)
          .reverse(),
      ),
    releaseSpec: (context, scope, number) =>
      request(cloud, context, "releaseSpec", () => {
        const { hidden: _hidden, ...found } = kept(scope).find((one) => one.release.number === number)!;
        return found;
      }),
    run: (context, _scope, wanted) =>
      request(cloud, context, `${wanted.mode} ${wanted.process ?? wanted.instance}`, () => ({
        output: (async function* () {})(),
        exitCode: Promise.resolve(0),
      })),
    scale: (context, _scope, instances) =>
      request(cloud, context, `scale ${JSON.stringify(instances)}`, () => undefined),
    restart: (context, _scope, process) => request(cloud, context, `restart ${process}`, () => undefined),
  };
}

function rollout(cloud: MemoryCloud, scope: Scope, spec: ReleaseSpec): RolloutPlan {
  const key = keyOf(scope);
  const release = releaseNode(cloud, scope, spec);
  const number = output(release, (one) => one.number);
  const gates: AnyResource[] = [];
  if (spec.releaseCommand !== undefined) {
    gates.push(...spec.beforeReleaseCommand(number), commandNode(cloud, scope, spec, release));
  }
  const processes = spec.processes.map((process) => {
    const id = {
      element: "containers",
      id: `process/${process.name}`,
      label: `process ${process.name}`,
    } as const;
    const node = thing<{ release: number }>(cloud, scope, { ...id, after: gates }, { release: number });
    const { create } = node;
    const start = async (context: Context, wanted: { release: number }): Promise<{ release: number }> => {
      const made = await create!(context, wanted);
      cloud.serving.set(`${key}/${process.name}`, wanted.release);
      return made;
    };
    return { ...node, create: start, update: start };
  });
  const active: Resource<{ release: number }, { release: number }> = {
    id: "memory/containers/switch",
    label: "traffic",
    provider: "memory",
    element: "containers",
    verb: "switch",
    desired: { release: number },
    after: processes as readonly AnyResource[],
    read: (context) =>
      request(cloud, context, "get switch", () => {
        const found = cloud.releases.get(key)?.find((one) => one.release.state === "active");
        return found === undefined ? undefined : { release: found.release.number };
      }),
    create: (context, wanted) => activate(cloud, context, key, wanted.release),
    update: (context, wanted) => activate(cloud, context, key, wanted.release),
  };
  return { resources: [...gates, active as AnyResource], release: number, serving: [active as AnyResource] };
}

function activate(
  cloud: MemoryCloud,
  context: Context,
  key: string,
  number: number,
): Promise<{ release: number }> {
  return request(cloud, context, `switch to ${number}`, () => {
    const all = cloud.releases.get(key) ?? [];
    const changed = all.map((one): KeptRelease => {
      const { state } = one.release;
      const next = one.release.number === number ? "active" : state === "active" ? "superseded" : state;
      return { ...one, release: { ...one.release, state: next } };
    });
    cloud.releases.set(key, changed);
    return { release: number };
  });
}

function releaseNode(cloud: MemoryCloud, scope: Scope, spec: ReleaseSpec): Resource<Content, Release> {
  const key = keyOf(scope);
  const newest = (): KeptRelease | undefined =>
    cloud.releases.get(key)?.findLast((one) => one.release.state !== "failed");
  const store = (context: Context, content: Content): Promise<Release> =>
    request(cloud, context, "create release", () => {
      const all = cloud.releases.get(key) ?? [];
      const { plain, hidden } = split(content.config as Record<string, unknown>);
      // Put back by the vendor, from the release that is repeated: the caller never saw the values.
      const repeated = all.find((one) => one.release.number === spec.origin.repeats)?.hidden ?? {};
      for (const name of content.sensitiveConfig) hidden[name] = repeated[name]!;
      const release: Release = {
        number: all.length + 1,
        state: "pending",
        image: content.image as Release["image"],
        config: plain,
        secrets: content.secrets as Release["secrets"],
        origin: spec.origin,
        createdAt: new Date(context.clock.now()).toISOString(),
      };
      const sensitiveConfig = Object.keys(hidden).map((name) => ({ name, version: "1" }));
      const { processes, jobs } = content;
      cloud.releases.set(key, [...all, { release, processes, jobs, sensitiveConfig, hidden }]);
      return release;
    });
  return {
    id: "memory/containers/release",
    label: "release",
    provider: "memory",
    element: "containers",
    renews: true,
    desired: {
      image: spec.image,
      config: spec.config,
      secrets: spec.secrets,
      processes: spec.processes,
      jobs: spec.jobs,
      sensitiveConfig: (spec.sensitiveConfig ?? []).map((one) => one.name),
    } as Resource<Content, Release>["desired"],
    after: spec.after,
    read: (context) => request(cloud, context, "get release", () => newest()?.release),
    diff: (desired, _observed) => differences(desired as Known, newest()!),
    create: store,
    update: (context, content) => store(context, content),
  };
}

function split(config: Record<string, unknown>): {
  plain: Record<string, string>;
  hidden: Record<string, string>;
} {
  const plain: Record<string, string> = {};
  const hidden: Record<string, string> = {};
  for (const [name, value] of Object.entries(config)) {
    if (isRedacted(value)) hidden[name] = reveal(value) as string;
    else plain[name] = value as string;
  }
  return { plain, hidden };
}

function differences(desired: Known, present: KeptRelease): readonly FieldChange[] {
  const changes: FieldChange[] = [];
  const compare = (path: string, to: unknown, from: unknown): void => {
    if (typeof to === "symbol") changes.push({ path, from, unknown: true });
    else if (JSON.stringify(to) !== JSON.stringify(from)) changes.push({ path, from, to });
  };
  compare("image", desired.image, present.release.image);
  const config = desired.config as Record<string, unknown>;
  for (const [name, value] of Object.entries(config)) {
    if (!isRedacted(value)) compare(`config.${name}`, value, present.release.config[name]);
    else if (reveal(value) !== present.hidden[name]) changes.push({ path: `config.${name}` });
  }
  for (const name of Object.keys(present.release.config)) {
    if (!(name in config)) changes.push({ path: `config.${name}`, from: present.release.config[name] });
  }
  compare("secrets", desired.secrets, present.release.secrets);
  compare("processes", names(desired.processes), names(present.processes));
  return changes;
}

function names(processes: unknown): unknown {
  return (processes as readonly { name: string; command: unknown }[]).map(({ name, command }) => [
    name,
    command,
  ]);
}

function commandNode(
  cloud: MemoryCloud,
  scope: Scope,
  spec: ReleaseSpec,
  release: Resource<Content, Release>,
): AnyResource {
  const key = keyOf(scope);
  const node: Resource<{ digest: string }, { digest: string }> = {
    id: "memory/containers/release-command",
    label: "release command",
    provider: "memory",
    element: "containers",
    verb: "run",
    desired: { digest: output(release, (one) => one.image.digest) },
    after: spec.beforeReleaseCommand(output(release, (one) => one.number)),
    read: (context) =>
      request(cloud, context, "get release-command", () => {
        const last = [...(cloud.migrated.get(key) ?? [])].at(-1);
        return last === undefined ? undefined : { digest: last };
      }),
    create: (context, wanted) => migrate(context, wanted),
    update: (context, wanted) => migrate(context, wanted),
  };
  const migrate = (context: Context, wanted: { digest: string }): Promise<{ digest: string }> =>
    request(cloud, context, "run release-command", () => {
      if (String(spec.releaseCommand!.command).includes("fail")) {
        const all = cloud.releases.get(key)!;
        const last = all.pop()!;
        all.push({ ...last, release: { ...last.release, state: "failed" } });
        throw new DeployError({ code: "containers.release-command-failed", message: "It ended with 1." });
      }
      cloud.migrated.set(key, new Set([...(cloud.migrated.get(key) ?? []), wanted.digest]));
      return wanted;
    });
  return node as AnyResource;
}
