import type { Command, ReleaseOrigin, ResolvedJob, ResolvedProcess } from "@deploy/core";
import { type ConfigVars, reservedPrefix } from "../ownership.js";

/**
 * The config var that says what a release consists of: Heroku keeps the config vars of every release, so that a rollback
 * finds there what it goes back to, and Heroku's own rollback brings it back along with the rest.
 *
 * It travels in the PATCH that changes other config; where only the code changes, it stays as it is, because a PATCH of
 * its own would be one more release, with one more run of the release command and one more restart.
 */
export const specVariable: string = `${reservedPrefix}RELEASE`;

/** What that variable says. */
export interface ReleaseRecord {
  /** Digest of the image it was written for; a later release of code alone does not change it. */
  readonly image: string;
  /** Without `instances`, which belong to the formation and not to a release. */
  readonly processes: readonly Omit<ResolvedProcess, "instances">[];
  readonly jobs: readonly ResolvedJob[];
  readonly release?: Command;
  readonly origin: ReleaseOrigin;
  /** Names of config whose values came as secrets. */
  readonly sensitive: readonly string[];
  /** Newest version when it was written: two change sets that differ in config alone are told apart by it. */
  readonly since: number;
  /** It was written for code that comes right after it: a config change alone is a release by itself. */
  readonly ahead?: boolean;
  /** Counts the times that the release command was asked for again. */
  readonly again?: number;
}

/** The record as the value of its variable. */
export function writeRecord(record: ReleaseRecord): string {
  return JSON.stringify({ v: 1, ...record });
}

/** The record among config vars; undefined where there is none, or none that can be read. */
export function readRecord(vars: ConfigVars | undefined): ReleaseRecord | undefined {
  const text = vars?.[specVariable];
  if (typeof text !== "string") return undefined;
  try {
    const data = JSON.parse(text) as Partial<ReleaseRecord> & { v?: unknown };
    if (data.v !== 1 || typeof data.image !== "string" || !Array.isArray(data.processes)) return undefined;
    return {
      image: data.image,
      processes: data.processes,
      jobs: data.jobs ?? [],
      origin: data.origin ?? { author: "" },
      sensitive: data.sensitive ?? [],
      since: data.since ?? 0,
      ...(data.release === undefined ? {} : { release: data.release }),
      ...(data.ahead === undefined ? {} : { ahead: data.ahead }),
      ...(data.again === undefined ? {} : { again: data.again }),
    };
  } catch {
    return undefined;
  }
}

/** Equal data gives equal text, whatever the order of its keys. */
export function stable(value: unknown): string {
  return (
    JSON.stringify(value, (_key, part: unknown) =>
      typeof part === "object" && part !== null && !Array.isArray(part)
        ? Object.fromEntries(Object.entries(part).sort(([one], [other]) => (one < other ? -1 : 1)))
        : part,
    ) ?? ""
  );
}
