import type { DnsRecordType, Release, ResolvedJob, ResolvedProcess } from "@deploy/core";

/** One thing that the vendor holds under an id. */
export interface HeldThing {
  readonly id: string;
  readonly label: string;
  readonly element: string;
  readonly holdsData?: string;
  readonly after?: readonly string[];
  /** Absent: somebody else made it. */
  readonly owner?: "deploy";
  readonly state: Readonly<Record<string, unknown>>;
}

/** A release as the vendor holds it; config that came as secret is kept apart. */
export interface HeldRelease extends Omit<Release, "state" | "failure"> {
  readonly hidden: Readonly<Record<string, string>>;
  readonly processes: readonly ResolvedProcess[];
  readonly jobs: readonly ResolvedJob[];
  state: Release["state"];
  failure?: string;
}

/** A line of output. */
export interface HeldLine {
  readonly number: number;
  readonly time: string;
  readonly process: string;
  readonly release: number;
  readonly text: string;
}

/** One value of a record, as vendors without record sets hold it. */
export interface HeldRecord {
  readonly id: number;
  readonly name: string;
  readonly type: DnsRecordType;
  readonly content: string;
  readonly ttl: number;
  readonly comment: string | null;
}

/** A database: one text, and its backups. */
export interface HeldDatabase {
  text: string | undefined;
  readonly backups: { readonly id: string; readonly createdAt: string; readonly text: string | undefined }[];
}

/** Everything of one scope. */
export interface HeldScope {
  readonly things: Map<string, HeldThing>;
  readonly releases: HeldRelease[];
  readonly secrets: Map<string, { readonly values: string[]; setAt: string }>;
  readonly lines: HeldLine[];
  readonly databases: Map<string, HeldDatabase>;
  /** Role by person. */
  readonly grants: Map<string, string>;
  /** What serves: process name to number of instances, and since which start. */
  serving: { readonly release: number; instances: Record<string, number>; starts: number } | undefined;
  /** Digest of the image whose release command has succeeded last. */
  migrated: string | undefined;
  lock: { readonly id: string; readonly holder: unknown } | undefined;
}

/** The vendor's side: it outlives every provider, as a vendor does. */
export interface VendorState {
  readonly scopes: Map<string, HeldScope>;
  readonly zones: Map<string, HeldRecord[]>;
  /** Digests of the images it holds, by app. */
  readonly images: Map<string, Set<string>>;
  numbers: number;
}

/** The part of a scope, made when it is first asked for. */
export function scopeIn(state: VendorState, key: string): HeldScope {
  const present = state.scopes.get(key);
  if (present !== undefined) return present;
  const made: HeldScope = {
    things: new Map(),
    releases: [],
    secrets: new Map(),
    lines: [],
    databases: new Map(),
    grants: new Map(),
    serving: undefined,
    migrated: undefined,
    lock: undefined,
  };
  state.scopes.set(key, made);
  return made;
}
