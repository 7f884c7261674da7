import { createHash } from "node:crypto";
import { DeployError } from "@deploy/core";
import type { HerokuLine } from "./parse-line.js";
import { fingerprint } from "./seen-lines.js";

/** A place in the lines of an app: behind the `count`th line of this fingerprint. */
export interface Cursor {
  readonly stamp: string;
  /** First 16 hex digits of the fingerprint's SHA-256. */
  readonly hash: string;
  readonly count: number;
}

/** The cursor of the `count`th line with this fingerprint, opaque to everybody else. */
export function cursorOf(line: HerokuLine, count: number): string {
  return Buffer.from(`h1 ${line.stamp} ${hashOf(line)} ${count}`).toString("base64url");
}

/**
 * Reads a cursor back.
 *
 * @throws `logs.bad-cursor` for one of another provider, and for anything else.
 */
export function parseCursor(cursor: string): Cursor {
  const found = /^h1 (\S+) ([0-9a-f]{16}) (\d{1,9})$/.exec(Buffer.from(cursor, "base64url").toString("utf8"));
  if (found !== null && !Number.isNaN(Date.parse(found[1]!))) {
    return { stamp: found[1]!, hash: found[2]!, count: Number(found[3]) };
  }
  throw new DeployError({
    code: "logs.bad-cursor",
    message: "This cursor was not made by Heroku's logs.",
    hint: "Hand back the cursor of a line as it was, or leave it out.",
  });
}

/**
 * The lines behind a cursor. When its line has left Heroku's buffer, all that are newer: what lies between is lost.
 *
 * @returns the lines, and whether the line of the cursor was found.
 */
export function linesBehind(
  lines: readonly HerokuLine[],
  cursor: Cursor,
): { readonly lines: readonly HerokuLine[]; readonly found: boolean } {
  let at = -1;
  let count = 0;
  for (const [index, line] of lines.entries()) {
    if (line.stamp !== cursor.stamp || hashOf(line) !== cursor.hash) continue;
    at = index;
    count += 1;
    if (count >= cursor.count) break;
  }
  if (at >= 0) return { lines: lines.slice(at + 1), found: true };
  const time = Date.parse(cursor.stamp);
  return { lines: lines.filter((line) => line.at > time), found: false };
}

function hashOf(line: HerokuLine): string {
  return createHash("sha256").update(fingerprint(line)).digest("hex").slice(0, 16);
}
