import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished, vi } from "vitest";
import type { LogEntry, LogFilter, SearchStep } from "../../shared/log-types.js";
import { createLogStore, type StoreParts } from "../index.js";
import { directoryOf } from "../names.js";
import type { LogStore, LogStoreOptions, StoredStream } from "../types.js";

/** The stream that most tests use. */
export const KEY = { app: "guestbook", environment: "production" } as const;

/** A directory that goes with the test. */
export async function freshDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "log-store-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** A store, and its stream; closed with the test. */
export async function openStore(
  directory: string,
  options: Partial<LogStoreOptions> = {},
  parts: StoreParts = {},
): Promise<{ readonly store: LogStore; readonly stream: StoredStream }> {
  const store = await createLogStore({ directory, limits: { days: 14, bytes: 1e9 }, ...options }, parts);
  onTestFinished(() => store.close());
  return { store, stream: await store.stream(KEY) };
}

/** Paths of the stream's files whose names begin so. */
export async function filesOf(directory: string, begin: string): Promise<string[]> {
  const folder = join(directory, directoryOf(KEY));
  return (await readdir(folder))
    .filter((name) => name.startsWith(begin))
    .sort()
    .map((name) => join(folder, name));
}

/** Everything, oldest first. */
export async function readAll(stream: StoredStream, filter: LogFilter = {}): Promise<LogEntry[]> {
  const lines: LogEntry[] = [];
  for await (const page of stream.all(filter)) lines.push(...page);
  return lines;
}

/** Texts of everything, oldest first. */
export const textsOf = async (stream: StoredStream): Promise<string[]> =>
  (await readAll(stream)).map(({ text }) => text);

/** All steps of a search. */
export async function searchAll(
  stream: StoredStream,
  filter: LogFilter,
  options: Parameters<StoredStream["search"]>[1],
): Promise<SearchStep[]> {
  const steps: SearchStep[] = [];
  for await (const step of stream.search(filter, options)) steps.push(step);
  return steps;
}

/** Waits until it holds, on a busy machine too. */
export const eventually = <T>(holds: () => T | Promise<T>): Promise<T> =>
  vi.waitFor(holds, { timeout: 25_000, interval: 20 });
