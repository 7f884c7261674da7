import { createHash } from "node:crypto";
import type { StreamKey } from "./types.js";

/**
 * The directory of a stream: readable where the names allow it, and never another stream's, whatever they hold.
 *
 * Lower case and a digest, so that file systems which fold case, or forbid some names, do not mix streams up.
 */
export function directoryOf({ app, environment }: StreamKey): string {
  const digest = createHash("sha256")
    .update(JSON.stringify([app, environment]))
    .digest("hex")
    .slice(0, 20);
  return `${readable(app)}.${readable(environment)}.${digest}`;
}

function readable(name: string): string {
  return (
    name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "-")
      .slice(0, 40)
      .replace(/^-|-$/g, "") || "x"
  );
}

/** The file that lines from `first` on are appended to. */
export const openName = (first: number): string => `open-${digits(first)}.log`;

/** The file of compressed blocks that begins with `first`. */
export const sealedName = (first: number): string => `sealed-${digits(first)}.blocks`;

/** The first number of a file, by its name; undefined for what is no such file. */
export function firstOf(kind: "open" | "sealed", name: string): number | undefined {
  const found = (kind === "open" ? /^open-(\d{16})\.log$/ : /^sealed-(\d{16})\.blocks$/).exec(name)?.[1];
  return found === undefined ? undefined : Number(found);
}

const digits = (value: number): string => String(value).padStart(16, "0");
