import {
  type Command,
  type Context,
  type FieldChange,
  type ImageReference,
  isRedacted,
  type Late,
  mapOut,
  type Out,
  type Redacted,
  type ReleaseSpec,
  type Resource,
  redact,
  reveal,
  type Scope,
  type SecretReference,
  UNKNOWN,
} from "@deploy/core";
import type { ReleaseCommandRecord, ReleaseRecord } from "./protocol.js";
import { connect, idOf, localResource, pathOf, readView } from "./resources.js";
import { secretStore } from "./secrets.js";
import { sensitivePrefix } from "./supervisor/process-environment.js";

/** What a release is to be made of. */
export interface DesiredRelease {
  readonly image: ImageReference;
  readonly config: Readonly<Record<string, string | Redacted>>;
  readonly secrets: readonly SecretReference[];
  readonly processes: ReleaseSpec["processes"];
  readonly jobs: ReleaseSpec["jobs"];
}

/** A release as the plan sees it: sensitive config with its stored values, so that a difference shows. */
export interface ObservedRelease extends DesiredRelease {
  readonly number: number;
  /** Versions of the sensitive config. */
  readonly sensitive: Readonly<Record<string, string>>;
}

/** The release as a node of the plan: a difference from the newest one makes the next one. */
export function releaseResource(
  scope: Scope,
  spec: ReleaseSpec,
  after: readonly Resource[],
): Resource<DesiredRelease, ObservedRelease> {
  const make = async (context: Context, desired: DesiredRelease): Promise<ObservedRelease> => {
    const entries = Object.entries(desired.config);
    const record = await connect(context).client.call<ReleaseRecord>("POST", pathOf(scope, "releases"), {
      image: desired.image,
      config: Object.fromEntries(entries.filter(([, value]) => !isRedacted(value))),
      sensitiveConfig: Object.fromEntries(
        entries.flatMap(([name, value]) => (isRedacted(value) ? [[name, reveal(value as Redacted)]] : [])),
      ),
      storedSensitiveConfig: spec.sensitiveConfig ?? [],
      secrets: desired.secrets,
      processes: desired.processes,
      jobs: desired.jobs,
      origin: spec.origin,
      path: context.env.PATH ?? "",
    });
    return observe(context, scope, record);
  };
  return localResource<DesiredRelease, ObservedRelease>("containers", {
    id: idOf("containers", scope, "release"),
    label: "release",
    verb: "record",
    renews: true,
    after,
    desired: {
      image: spec.image,
      config: spec.config,
      secrets: spec.secrets,
      processes: withoutInstances(spec.processes),
      jobs: spec.jobs,
    } as Resource<DesiredRelease, ObservedRelease>["desired"],
    async read(context) {
      const newest = (await readView(context, scope))?.releases.at(-1);
      return newest && observe(context, scope, newest);
    },
    diff: (desired, observed) => (desired === UNKNOWN ? [] : releaseChanges(desired, observed, spec)),
    create: make,
    update: (context, desired) => make(context, desired),
  });
}

/** How many instances there are is no part of a release: scaling makes none. */
function withoutInstances(processes: ReleaseSpec["processes"]): ReleaseSpec["processes"] {
  return processes.map(({ instances: _, ...process }) => process);
}

async function observe(context: Context, scope: Scope, release: ReleaseRecord): Promise<ObservedRelease> {
  const { number, image, secrets, processes, jobs } = release;
  const config: Record<string, string | Redacted> = { ...release.config };
  const sensitive: Record<string, string> = {};
  for (const { name, version } of release.sensitiveConfig) {
    sensitive[name] = version;
    config[name] = await secretStore(context)
      .reveal(scope.app, scope.environment, `${sensitivePrefix}${name}`, Number(version))
      .catch(() => redact(""));
  }
  return { number, image, config, sensitive, secrets, processes, jobs };
}

/** What makes the desired release another one than the newest. */
function releaseChanges(
  desired: Exclude<Late<DesiredRelease>, typeof UNKNOWN>,
  observed: ObservedRelease,
  spec: Pick<ReleaseSpec, "sensitiveConfig">,
): FieldChange[] {
  const changes: FieldChange[] = [];
  const compare = (path: string, from: unknown, to: unknown): void => {
    if (to === UNKNOWN) changes.push({ path, from: shown(from), unknown: true });
    else if (stable(from) !== stable(to)) changes.push({ path, from: shown(from), to: shown(to) });
  };
  const image = desired.image === UNKNOWN ? UNKNOWN : desired.image.digest;
  compare("image", shorten(observed.image.digest), image === UNKNOWN ? UNKNOWN : shorten(image));

  const stored = new Map((spec.sensitiveConfig ?? []).map((one) => [one.name, one.version]));
  const config = desired.config === UNKNOWN ? {} : desired.config;
  for (const name of new Set([...Object.keys(observed.config), ...Object.keys(config), ...stored.keys()])) {
    if (stored.has(name)) {
      if (stored.get(name) !== observed.sensitive[name])
        changes.push({ path: `config.${name}`, from: "<redacted>", to: "<redacted>" });
    } else compare(`config.${name}`, observed.config[name], (config as Record<string, unknown>)[name]);
  }
  compareNamed("secrets", observed.secrets, desired.secrets, compare);
  compareNamed("processes", observed.processes, desired.processes, compare);
  compareNamed("jobs", observed.jobs, desired.jobs, compare);
  return changes;
}

function compareNamed(
  path: string,
  observed: readonly { readonly name: string }[],
  desired: unknown,
  compare: (path: string, from: unknown, to: unknown) => void,
): void {
  if (desired === UNKNOWN) {
    compare(path, "present", UNKNOWN);
    return;
  }
  const list = desired as readonly unknown[];
  // A late entry has no name yet: it is one that is being stored in this very run.
  if (list.includes(UNKNOWN))
    compare(
      path,
      observed.map((one) => one.name),
      UNKNOWN,
    );
  const named = new Map(
    list.flatMap((one) => (one === UNKNOWN ? [] : [[(one as { name: string }).name, one]])),
  );
  for (const name of new Set([...observed.map((one) => one.name), ...named.keys()])) {
    const from = observed.find((one) => one.name === name);
    const to = named.get(name);
    if (to === undefined && list.includes(UNKNOWN)) continue;
    if (from === undefined || to === undefined)
      compare(`${path}.${name}`, from && "present", to && "present");
    else {
      for (const field of new Set([...Object.keys(from), ...Object.keys(to as object)])) {
        compare(`${path}.${name}.${field}`, (from as never)[field], (to as never)[field]);
      }
    }
  }
}

function shown(value: unknown): unknown {
  return isRedacted(value) ? "<redacted>" : value;
}

function shorten(digest: string): string {
  return digest.slice(0, 19);
}

/** Equal data gives equal text, whatever the order of its keys. */
function stable(value: unknown): string {
  if (isRedacted(value)) return `redacted ${String(reveal(value))}`;
  return (
    JSON.stringify(value, (_key, part: unknown) =>
      typeof part === "object" && part !== null && !Array.isArray(part)
        ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
        : part,
    ) ?? ""
  );
}

interface DesiredCommand {
  readonly image: string;
  readonly command: Command;
  readonly release: number;
}

/** The release command as a gate: open once it has succeeded for this image. */
export function releaseCommandResource(
  scope: Scope,
  spec: ReleaseSpec & { readonly releaseCommand: NonNullable<ReleaseSpec["releaseCommand"]> },
  release: Out<number>,
  after: readonly Resource[],
): Resource<DesiredCommand, ReleaseCommandRecord> {
  const { command, timeoutMs } = spec.releaseCommand;
  const run = async (context: Context, desired: DesiredCommand): Promise<ReleaseCommandRecord> => {
    await connect(context).client.call(
      "POST",
      pathOf(scope, "releases", String(desired.release), "command"),
      {
        command,
        timeoutMs,
        again: spec.rerunReleaseCommand === true,
      },
    );
    return { ...desired, state: "succeeded", at: new Date(context.clock.now()).toISOString() };
  };
  return localResource<DesiredCommand, ReleaseCommandRecord>("containers", {
    id: idOf("containers", scope, "release-command"),
    label: "release command",
    verb: "run",
    after,
    desired: {
      image: mapOut(spec.image as Out<ImageReference>, (image) => image.digest),
      command,
      release,
    } as Resource<DesiredCommand, ReleaseCommandRecord>["desired"],
    read: async (context) => (await readView(context, scope))?.releaseCommand,
    diff(desired, observed) {
      if (desired === UNKNOWN) return [];
      const changes: FieldChange[] = [];
      if (desired.image === UNKNOWN)
        changes.push({ path: "image", from: shorten(observed.image), unknown: true });
      else if (desired.image !== observed.image) {
        changes.push({ path: "image", from: shorten(observed.image), to: shorten(desired.image) });
      }
      if (stable(command) !== stable(observed.command))
        changes.push({ path: "command", from: observed.command, to: command });
      if (observed.state !== "succeeded")
        changes.push({ path: "state", from: observed.state, to: "succeeded" });
      if (spec.rerunReleaseCommand) changes.push({ path: "state", from: "succeeded", to: "run again" });
      return changes;
    },
    create: run,
    update: (context, desired) => run(context, desired),
  });
}
