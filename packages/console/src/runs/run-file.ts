import { mkdir, open, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Run, RunEvent } from "./types.js";

/** How a run ended. */
export interface RunEndRecord {
  readonly state: "done" | "failed" | "cancelled";
  readonly endedAt: number;
  readonly release?: number;
}

/** A run as its file has it: one JSON text per line, the run itself, its events, its end. */
export interface StoredRun {
  readonly path: string;
  readonly run: Omit<Run, "state" | "endedAt" | "release">;
  readonly events: readonly RunEvent[];
  readonly end?: RunEndRecord;
  /** Bytes up to the last whole line: what a crash left behind it is cut before the next is written. */
  readonly size: number;
}

/** Where the runs of an environment lie; names may hold a slash. */
export function runDirectory(base: string, app: string, environment: string): string {
  return join(base, encodeURIComponent(app), encodeURIComponent(environment));
}

/** Writes lines behind `size` bytes, which are sound; answers with the size since. */
export async function appendRecords(path: string, size: number, records: readonly object[]): Promise<number> {
  const bytes = Buffer.from(records.map((record) => `${JSON.stringify(record)}\n`).join(""));
  await mkdir(join(path, ".."), { recursive: true, mode: 0o700 });
  const file = await open(path, size === 0 ? "w" : "r+", 0o600);
  try {
    if (size > 0) await file.truncate(size);
    await file.write(bytes, 0, bytes.length, size);
    await file.datasync();
  } finally {
    await file.close();
  }
  return size + bytes.length;
}

/** Reads a run; undefined: the file holds none, or is gone. */
export async function readRun(path: string): Promise<StoredRun | undefined> {
  const bytes = await readFile(path).catch(() => undefined);
  if (bytes === undefined) return undefined;
  let run: StoredRun["run"] | undefined;
  let end: RunEndRecord | undefined;
  const events: RunEvent[] = [];
  let size = 0;
  for (let from = 0; from < bytes.length; ) {
    const to = bytes.indexOf(10, from);
    if (to === -1) break;
    const record = parse(bytes.toString("utf8", from, to));
    // A line that is torn in the middle cannot be: what follows it is not ours to guess.
    if (record === undefined) break;
    if (record.run !== undefined) run = record.run as StoredRun["run"];
    else if (record.end !== undefined) end = record.end as RunEndRecord;
    else if (record.number !== undefined) events.push(record as unknown as RunEvent);
    from = to + 1;
    size = from;
  }
  if (run === undefined) return undefined;
  return { path, run, events, size, ...(end === undefined ? {} : { end }) };
}

/** Paths of all runs below `base`. */
export async function listRuns(base: string): Promise<readonly string[]> {
  const entries = await readdir(base, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ndjson"))
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Removes a run. */
export async function removeRun(path: string): Promise<void> {
  await rm(path, { force: true });
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
