import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/*
 * What all benches count with, and how each of them runs by itself.
 */

/**
 * The value in the middle; of an even number of them the mean of both. NaN of none.
 *
 * @param {readonly number[]} values
 */
export function median(values) {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  const [low = Number.NaN, high = low] = [
    sorted[sorted.length % 2 === 1 ? middle : middle - 1],
    sorted[middle],
  ];
  return (low + high) / 2;
}

/**
 * @param {number} value
 * @param {number} [digits] Behind the point.
 */
export function round(value, digits = 1) {
  return Number(value.toFixed(digits));
}

/**
 * A figure that must not be greater than its limit.
 *
 * @param {string} name
 * @param {number} ratio
 * @param {number} limit
 * @param {number} [digits] Of the ratio that is shown; the claim is held to the whole one.
 */
export function claim(name, ratio, limit, digits = 2) {
  return { name, ratio: round(ratio, digits), limit, ok: ratio <= limit };
}

/**
 * Bytes of a file, or of all files below a directory.
 *
 * @param {string} path
 */
export async function sizeOf(path) {
  if ((await stat(path)).isFile()) return (await stat(path)).size;
  let bytes = 0;
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size;
  }
  return bytes;
}

/**
 * Runs a bench where its file is the program, and not where it is imported: prints what it found, and fails when a claim
 * does not hold.
 *
 * @param {string} url `import.meta.url` of the bench.
 * @param {(options: { quick: boolean }) => Promise<{ rows: readonly object[], claims: readonly { ok: boolean }[] }>} run
 */
export async function runAlone(url, run) {
  if (process.argv[1] !== fileURLToPath(url)) return;
  const { rows, claims } = await run({ quick: process.argv.includes("--quick") });
  console.table(rows);
  console.table(claims);
  process.exitCode = claims.every(({ ok }) => ok) ? 0 : 1;
}
