import { setTimeout as pause } from "node:timers/promises";
import type { Context } from "../../context.js";
import type { Role } from "../../elements/access.js";
import type { Release, ReleaseSpec, StoredRelease } from "../../elements/containers.js";
import type { LeaseHolder } from "../../elements/lease.js";
import type { ElementName, Scope } from "../../elements/scope.js";
import type { In } from "../../engine/out.js";
import type { AnyResource, Resource } from "../../engine/resource.js";

/** A release as the vendor of the tests keeps it, secret config included. */
export interface KeptRelease extends Omit<StoredRelease, "release"> {
  readonly release: Release;
  readonly hidden: Readonly<Record<string, string>>;
}

/** One thing that the vendor of the tests holds. */
export interface Thing {
  readonly id: string;
  readonly label: string;
  readonly element: ElementName;
  readonly scope: string;
  readonly holdsData?: string;
  state: Readonly<Record<string, unknown>>;
}

/** The vendor's side of the tests: it outlives every deployer, as a vendor does. */
export interface MemoryCloud {
  account: string;
  /** Names of all calls it got, in order. */
  readonly calls: string[];
  readonly things: Map<string, Thing>;
  readonly releases: Map<string, KeptRelease[]>;
  readonly secrets: Map<string, Map<string, { version: number; value: string; earlier: string[] }>>;
  readonly locks: Map<string, LeaseHolder>;
  /** Role by `scope/person`. */
  readonly grants: Map<string, Role>;
  /** Release by `scope/process`: what serves. */
  readonly serving: Map<string, number>;
  /** Image digests whose release command has succeeded, by scope. */
  readonly migrated: Map<string, Set<string>>;
  /** Whether a certificate is issued as soon as it is asked for; a test may take its time. */
  issued: () => boolean;
  /** Called in the middle of each call, to disturb or to look. */
  hook: (call: string) => void | Promise<void>;
}

/** An empty vendor. */
export function memoryCloud(): MemoryCloud {
  return {
    account: "acme",
    calls: [],
    things: new Map(),
    releases: new Map(),
    secrets: new Map(),
    locks: new Map(),
    grants: new Map(),
    serving: new Map(),
    migrated: new Map(),
    issued: () => true,
    hook: () => undefined,
  };
}

/** How the vendor keeps apart what belongs to whom. */
export function keyOf(scope: Scope): string {
  return `${scope.app}/${scope.environment}`;
}

/** One call of the vendor's API: takes a moment, and honours the signal. */
export async function request<T>(
  cloud: MemoryCloud,
  context: Context,
  call: string,
  work: () => T,
): Promise<T> {
  cloud.calls.push(call);
  await pause(1, undefined, { signal: context.signal });
  await cloud.hook(call);
  return work();
}

/** What distinguishes one thing of the vendor from another. */
export interface ThingOptions {
  readonly element: ElementName;
  readonly id: string;
  readonly label: string;
  readonly after?: readonly AnyResource[];
  readonly holdsData?: string;
}

/** A resource that simply is what it should be, under its id. */
export function thing<Desired extends object>(
  cloud: MemoryCloud,
  scope: Scope,
  options: ThingOptions,
  desired: In<Desired>,
): Resource<Desired, Desired> {
  const id = `memory/${options.element}/${options.id}`;
  const key = `${keyOf(scope)} ${id}`;
  const put = (context: Context, wanted: Desired): Promise<Desired> =>
    request(cloud, context, `put ${id}`, () => {
      const { element, label, holdsData } = options;
      const held = holdsData === undefined ? {} : { holdsData };
      cloud.things.set(key, {
        id,
        label,
        element,
        scope: keyOf(scope),
        ...held,
        state: { ...wanted } as Thing["state"],
      });
      return wanted;
    });
  return {
    id,
    label: options.label,
    provider: "memory",
    element: options.element,
    desired,
    pollEvery: 5,
    ...(options.after === undefined ? {} : { after: options.after }),
    ...(options.holdsData === undefined ? {} : { holdsData: options.holdsData }),
    read: (context) =>
      request(cloud, context, `get ${id}`, () => cloud.things.get(key)?.state as Desired | undefined),
    create: put,
    update: (context, wanted) => put(context, wanted),
  };
}

/** What of a spec makes one release different from another. */
export type ReleaseContent = Pick<ReleaseSpec, "image" | "config" | "secrets" | "sensitiveConfig"> & {
  readonly commands: Readonly<Record<string, unknown>>;
};
