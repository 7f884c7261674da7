import {
  type Context,
  type FieldChange,
  isRedacted,
  type Redacted,
  type ReleaseSpec,
  type Resource,
  reveal,
  type Scope,
  UNKNOWN,
} from "@deploy/core";
import { call, idOf, keyOf, type Surroundings } from "./api.js";
import { fingerprint } from "./vendor-releases.js";
import type { HeldRelease } from "./vendor-state.js";

/** A release as the vendor shows it. */
export interface SeenRelease extends Omit<HeldRelease, "hidden"> {
  readonly hiddenNames: readonly string[];
  readonly fingerprints: Readonly<Record<string, string>>;
}

/** The releases of a scope, oldest first, asked for once per plan. */
export function listReleases(
  own: Surroundings,
  context: Context,
  scope: Scope,
): Promise<readonly SeenRelease[]> {
  return context.shared(`${own.name}/releases/${keyOf(scope)}`, () =>
    call<SeenRelease[]>(own, context, "GET", ["scopes", keyOf(scope), "releases"]),
  );
}

/** What serves, and the image whose release command has succeeded last. */
export interface Serving {
  readonly serving: {
    readonly release: number;
    readonly instances: Record<string, number>;
    readonly starts: number;
  } | null;
  readonly migrated: string | null;
}

/** What serves in a scope, asked for once per plan. */
export function readServing(own: Surroundings, context: Context, scope: Scope): Promise<Serving> {
  return context.shared(`${own.name}/serving/${keyOf(scope)}`, () =>
    call<Serving>(own, context, "GET", ["scopes", keyOf(scope), "serving"]),
  );
}

interface Content {
  readonly image: ReleaseSpec["image"];
  readonly config: Readonly<Record<string, string | Redacted>>;
  readonly secrets: readonly unknown[];
  readonly processes: readonly unknown[];
  readonly jobs: readonly unknown[];
}

/** The release as a node of the plan: a difference from the newest one that has not failed makes the next one. */
export function releaseResource(
  own: Surroundings,
  scope: Scope,
  spec: ReleaseSpec,
): Resource<never, SeenRelease> {
  const newest = async (context: Context): Promise<SeenRelease | undefined> =>
    (await listReleases(own, context, scope)).findLast((one) => one.state !== "failed");
  const processes = spec.processes.map(({ instances: _instances, ...process }) => process);
  const sensitive = spec.sensitiveConfig ?? [];

  const differences = (desired: Content, present: SeenRelease): FieldChange[] => {
    const changes: FieldChange[] = [];
    const compare = (path: string, to: unknown, from: unknown): void => {
      if (isLate(to)) changes.push({ path, from, unknown: true });
      else if (stable(to) !== stable(from)) changes.push({ path, from, to });
    };
    compare("image", desired.image, present.image);
    const config = desired.config;
    const hidden = Object.fromEntries(sensitive.map(({ name, version }) => [name, version]));
    for (const [name, value] of Object.entries(config)) {
      if (!isRedacted(value)) compare(`config.${name}`, value, present.config[name]);
      else hidden[name] = fingerprint(reveal(value as Redacted));
    }
    for (const name of new Set([...Object.keys(hidden), ...present.hiddenNames])) {
      if (isLate(config[name])) continue;
      if (hidden[name] !== present.fingerprints[name]) changes.push({ path: `config.${name}` });
    }
    for (const name of Object.keys(present.config)) {
      if (!(name in config)) changes.push({ path: `config.${name}`, from: present.config[name] });
    }
    compare("secrets", desired.secrets, present.secrets);
    compare("processes", desired.processes, present.processes);
    compare("jobs", desired.jobs, present.jobs);
    return changes;
  };

  const make = async (context: Context, desired: Content): Promise<SeenRelease> => {
    // A lost answer: what is wanted may be there already.
    const present = await newest(context);
    if (present !== undefined && differences(desired, present).length === 0) return present;
    const entries = Object.entries(desired.config);
    const hidden = entries.flatMap(([name, value]) =>
      isRedacted(value) ? [[name, reveal(value as Redacted)]] : [],
    );
    const body = {
      image: desired.image,
      config: Object.fromEntries(entries.filter(([, value]) => !isRedacted(value))),
      hidden: Object.fromEntries(hidden),
      repeatHidden: sensitive.map(({ name }) => name),
      secrets: desired.secrets,
      processes: desired.processes,
      jobs: desired.jobs,
      origin: spec.origin,
    };
    return call<SeenRelease>(own, context, "POST", ["scopes", keyOf(scope), "releases"], {
      body,
      code: "containers",
    });
  };

  return {
    id: idOf(own, "containers", scope, "release"),
    label: "release",
    provider: own.name,
    element: "containers",
    renews: true,
    pollEvery: 5,
    desired: {
      image: spec.image,
      config: spec.config,
      secrets: spec.secrets,
      processes,
      jobs: spec.jobs,
    } as never,
    after: spec.after,
    read: newest,
    diff: (desired, observed) => differences(desired as unknown as Content, observed),
    create: (context, desired) => make(context, desired as unknown as Content),
    update: (context, desired) => make(context, desired as unknown as Content),
  };
}

function isLate(value: unknown): boolean {
  return value === UNKNOWN || (Array.isArray(value) && value.includes(UNKNOWN));
}

/** Equal data gives equal text, whatever the order of its keys. */
function stable(value: unknown): string {
  return (
    JSON.stringify(value, (_key, part: unknown) =>
      typeof part === "object" && part !== null && !Array.isArray(part)
        ? Object.fromEntries(Object.entries(part).sort(([one], [other]) => (one < other ? -1 : 1)))
        : part,
    ) ?? ""
  );
}
