import { chmod, mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DeployError } from "@deploy/core";
import { hasCode, nodeFiles, type StoreFiles } from "./files.js";
import { createHealth, problemOf } from "./health.js";
import { lockDirectory } from "./lock.js";
import { directoryOf } from "./names.js";
import { createScanPool, type ScanPool } from "./pool.js";
import { type OpenStream, openStream } from "./stream.js";
import type { LogStore, LogStoreOptions, StreamKey } from "./types.js";

/** How often it is looked whether something has become too old. */
const PRUNE_MS = 10 * 60_000;

/** What tests put in the store's place. */
export interface StoreParts {
  readonly files?: StoreFiles;
  readonly pool?: ScanPool;
}

/**
 * Opens the store in a directory, which is made where it is missing, and reads back what is in it.
 *
 * Throws `console.store-locked` when another process has it open, and `console.store-unusable` when the directory cannot
 * be made or opened. What cannot be read within makes it read-only, which `state` tells.
 */
export async function createLogStore(options: LogStoreOptions, parts: StoreParts = {}): Promise<LogStore> {
  const { directory, limits, now = Date.now } = options;
  const release = await take(directory);
  const files = parts.files ?? nodeFiles;
  const pool = parts.pool ?? createScanPool();
  const health = createHealth();
  const streams = new Map<string, { readonly key: StreamKey; readonly opened: Promise<OpenStream> }>();
  let closed = false;

  async function openAt(key: StreamKey): Promise<OpenStream> {
    const folder = join(directory, directoryOf(key));
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeKey(folder, key);
    return openStream({ key, directory: folder, files, limits, pool, health, now });
  }

  async function stream(key: StreamKey): Promise<OpenStream> {
    if (closed)
      throw new DeployError({ code: "console.store-closed", message: "The store has been closed." });
    const name = directoryOf(key);
    const known = streams.get(name);
    if (known !== undefined) return known.opened;
    const opened = openAt(key);
    streams.set(name, { key, opened });
    try {
      const result = await opened;
      health.set(`${name} opening`, undefined);
      return result;
    } catch (error) {
      streams.delete(name);
      const problem = problemOf(error, `what is stored of ${key.app} in ${key.environment} cannot be opened`);
      health.set(`${name} opening`, problem);
      throw new DeployError({
        ...{ code: "console.store-read-only", message: problem.reason, hint: problem.hint },
        ...{ retryable: true, cause: error },
      });
    }
  }

  const openStreams = async (): Promise<readonly OpenStream[]> =>
    (await Promise.allSettled([...streams.values()].map(({ opened }) => opened))).flatMap((one) =>
      one.status === "fulfilled" ? [one.value] : [],
    );

  async function prune(): Promise<void> {
    for (const one of await openStreams()) await one.prune();
  }

  try {
    // One that cannot be opened is told by the state, and does not hold up the others.
    for (const key of await storedKeys(directory)) await stream(key).catch(() => undefined);
  } catch (error) {
    release();
    throw error;
  }
  const timer = setInterval(() => void prune().catch(() => undefined), PRUNE_MS).unref();

  return {
    stream,
    async streams() {
      const held: StreamKey[] = [];
      for (const { key, opened } of [...streams.values()]) {
        if ((await opened.catch(() => undefined))?.bounds().newestSeq !== undefined) held.push(key);
      }
      return held;
    },
    state: health.state,
    onState: health.onState,
    prune,
    async close() {
      if (closed) return;
      closed = true;
      clearInterval(timer);
      for (const one of await openStreams()) await one.close();
      await pool.close();
      release();
    },
  };
}

async function take(directory: string): Promise<() => void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await chmod(directory, 0o700);
    return await lockDirectory(directory);
  } catch (cause) {
    if (DeployError.is(cause)) throw cause;
    throw new DeployError({
      code: "console.store-unusable",
      message: `Lines cannot be stored in ${directory}: ${cause instanceof Error ? cause.message : String(cause)}`,
      hint: "Name a directory that the console's user may write.",
      cause,
    });
  }
}

const KEY_FILE = "stream.json";

async function writeKey(folder: string, { app, environment }: StreamKey): Promise<void> {
  if ((await readKey(folder)) !== undefined) return;
  const path = join(folder, KEY_FILE);
  await writeFile(`${path}.new`, JSON.stringify({ app, environment }), { mode: 0o600 });
  await rename(`${path}.new`, path);
  await nodeFiles.syncDirectory(folder);
}

async function readKey(folder: string): Promise<StreamKey | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(join(folder, KEY_FILE), "utf8"));
    if (typeof value !== "object" || value === null) return undefined;
    const { app, environment } = value as Partial<StreamKey>;
    return typeof app === "string" && typeof environment === "string" ? { app, environment } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || hasCode(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}

async function storedKeys(directory: string): Promise<readonly StreamKey[]> {
  const keys: StreamKey[] = [];
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const key = await readKey(join(directory, entry.name)).catch(() => undefined);
    if (key !== undefined && directoryOf(key) === entry.name) keys.push(key);
  }
  return keys;
}
