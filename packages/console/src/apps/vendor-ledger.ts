import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Role } from "../access/types.js";
import type { Trouble } from "../shared/app-types.js";

/** What is remembered of one person at the provider of one environment. */
export interface LedgerEntry {
  readonly app: string;
  readonly environment: string;
  /** Lower case. */
  readonly person: string;
  /** The role that this console has given them there; absent: none, or taken back. */
  readonly given?: Role;
  /** The last try that failed, and waits to be tried again. */
  readonly failed?: {
    readonly action: "grant" | "revoke";
    /** They are to be taken off everything that the credentials reach. */
    readonly everywhere?: boolean;
    readonly trouble: Trouble;
    readonly at: number;
  };
}

/** Which person, where. */
export type LedgerKey = Pick<LedgerEntry, "app" | "environment" | "person">;

/** What this console has given at providers, and what it could not give or take: outlives a restart. */
export interface VendorLedger {
  entries(): readonly LedgerEntry[];
  find(key: LedgerKey): LedgerEntry | undefined;
  /** Replaces what is remembered; an entry that says nothing is forgotten. Resolves once it is on disk. */
  put(entry: LedgerEntry): Promise<void>;
}

/**
 * Opens the file, which is written anew as a whole with each change: it has one line for each grant at a provider.
 *
 * A file that cannot be read is put aside, since the grants themselves are at the providers and show up as drift.
 */
export async function openVendorLedger(file: string): Promise<VendorLedger> {
  const entries = new Map<string, LedgerEntry>();
  for (const entry of await readEntries(file)) entries.set(keyOf(entry), entry);
  let writing: Promise<void> = Promise.resolve();
  const write = async (): Promise<void> => {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    const draft = `${file}.${randomUUID()}`;
    try {
      await writeFile(draft, `${JSON.stringify({ version: 1, entries: [...entries.values()] })}\n`, {
        mode: 0o600,
        flush: true,
      });
      await rename(draft, file);
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
  };
  return {
    entries: () => [...entries.values()],
    find: (key) => entries.get(keyOf(key)),
    put: (entry) => {
      if (entry.given === undefined && entry.failed === undefined) entries.delete(keyOf(entry));
      else entries.set(keyOf(entry), entry);
      writing = writing.catch(() => undefined).then(write);
      return writing;
    },
  };
}

function keyOf({ app, environment, person }: LedgerKey): string {
  return JSON.stringify([app, environment, person.toLowerCase()]);
}

async function readEntries(file: string): Promise<readonly LedgerEntry[]> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  try {
    const { version, entries } = JSON.parse(text) as { version?: unknown; entries?: unknown };
    if (version === 1 && Array.isArray(entries) && entries.every(isEntry)) return entries;
  } catch {
    // Falls through: it is put aside as what cannot be read.
  }
  await rename(file, `${file}.unreadable`);
  return [];
}

function isEntry(value: unknown): value is LedgerEntry {
  if (typeof value !== "object" || value === null) return false;
  const { app, environment, person } = value as Record<string, unknown>;
  return [app, environment, person].every((one) => typeof one === "string");
}
