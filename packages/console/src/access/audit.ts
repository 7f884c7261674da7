import { createHash } from "node:crypto";
import type { AuditVerdict } from "../shared/access-types.js";
import type { Queries, Row } from "./database.js";
import type { Parts } from "./parts.js";
import type { AuditEntry, AuditRecord } from "./types.js";

/** The audit log: entries are added, and never edited or removed; the database itself refuses that. */
export interface AuditBook {
  audit(record: AuditRecord): Promise<void>;
  /** Newest first; `before` is the number of an entry. */
  auditLog(query: {
    readonly app?: string;
    readonly before?: number;
    readonly limit: number;
  }): Promise<readonly AuditEntry[]>;
  /** Goes over the whole chain: finds entries that were edited, inserted or removed, a cut-off end included. */
  verifyAudit(): Promise<AuditVerdict>;
}

/** What stands before the first entry. */
const GENESIS = "0".repeat(64);

/** Characters of one text; what is longer comes from outside, and is cut. */
const longestText = 500;

/** Entries that are looked at in one go. */
const pageSize = 1_000;

/** The audit log of a database. */
export function createAuditBook({ database, now }: Parts): AuditBook {
  return {
    audit: (record) => database.write((queries) => appendAudit(queries, now(), record)),
    auditLog: async ({ app, before, limit }) => {
      const rows = await database.all(
        `SELECT * FROM audit WHERE id < ? AND (? IS NULL OR app = ?) ORDER BY id DESC LIMIT ?`,
        before ?? Number.MAX_SAFE_INTEGER,
        app ?? null,
        app ?? null,
        limit,
      );
      return rows.map(entryOf);
    },
    verifyAudit: () => verify(database),
  };
}

/** Adds an entry within the transaction of what it tells of: neither is ever there without the other. */
export async function appendAudit(queries: Queries, time: number, record: AuditRecord): Promise<void> {
  const last = await queries.one("SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1");
  const id = Number(last?.id ?? 0) + 1;
  const cut = (text: string | undefined): string | null => text?.slice(0, longestText) ?? null;
  const values = [
    id,
    time,
    cut(record.actor),
    cut(record.address),
    cut(record.action),
    cut(record.app),
    cut(record.environment),
    cut(record.subject),
    cut(record.detail),
  ] as const;
  await queries.run(
    `INSERT INTO audit (id, time, actor, address, action, app, environment, subject, detail, hash)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ...values,
    link(String(last?.hash ?? GENESIS), values),
  );
}

/** The hash of an entry: over the hash of the one before, and every field in order, as a JSON array. */
function link(before: string, values: readonly (string | number | null | undefined)[]): string {
  return createHash("sha256")
    .update(JSON.stringify([before, ...values]))
    .digest("hex");
}

async function verify(queries: Queries): Promise<AuditVerdict> {
  let before = GENESIS;
  let last = 0;
  for (;;) {
    const rows = await queries.all("SELECT * FROM audit WHERE id > ? ORDER BY id LIMIT ?", last, pageSize);
    for (const row of rows) {
      const id = Number(row.id);
      if (id !== last + 1) return broken(last, last + 1, "entries are missing here");
      const { time, actor, address, action, app, environment, subject, detail, hash } = row;
      if (hash !== link(before, [id, time, actor, address, action, app, environment, subject, detail])) {
        return broken(last, id, "this entry is not what was written, or the ones before it are not");
      }
      before = String(hash);
      last = id;
    }
    if (rows.length < pageSize) break;
  }
  const highest = await queries.one("SELECT seq FROM sqlite_sequence WHERE name = 'audit'");
  if (Number(highest?.seq ?? 0) > last) return broken(last, last + 1, "the end has been cut off");
  return { intact: true, entries: last, ...(last === 0 ? {} : { head: before }) };
}

function broken(entries: number, brokenAt: number, reason: string): AuditVerdict {
  return { intact: false, entries, brokenAt, reason };
}

function entryOf(row: Row): AuditEntry {
  const text = (name: string): Readonly<Record<string, string>> =>
    row[name] == null ? {} : { [name]: String(row[name]) };
  return {
    id: Number(row.id),
    time: Number(row.time),
    actor: String(row.actor),
    action: String(row.action),
    hash: String(row.hash),
    ...text("address"),
    ...text("app"),
    ...text("environment"),
    ...text("subject"),
    ...text("detail"),
  };
}
