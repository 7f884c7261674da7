import type { ResolvedProcess } from "@deploy/core";
import type { HerokuOptions } from "./options.js";

/** A size of dyno: what it holds and costs. */
export interface DynoSize {
  /** As Heroku's API takes it, in lower case. */
  readonly name: string;
  /** Bytes. */
  readonly memory: number;
  /** US dollars for a month of 720 hours, the most that is billed; absent where published figures contradict each other. */
  readonly monthly?: number;
  readonly runtime: "common" | "private" | "shield";
}

const GB = 1_000_000_000;

const size = (name: string, gigabytes: number, monthly?: number): DynoSize => ({
  name,
  memory: gigabytes * GB,
  ...(monthly === undefined ? {} : { monthly }),
  runtime: name.startsWith("private") ? "private" : name.startsWith("shield") ? "shield" : "common",
});

/** The date on which the prices of {@link dynoSizes} were written down. */
export const dynoPricesOf = "2026-08-04";

/** Where they were read. */
export const dynoPricesFrom = "the table of the official Heroku CLI (ps:type, version 11.10.0)";

/**
 * Sizes of Cedar, smallest first, with the prices and memory of the table above; what an account may use is asked of
 * Heroku (`GET /apps/:app/available-dyno-sizes`), and so are prices where that answers.
 *
 * Eco is left out: its hours are an account's, and it sleeps. It can still be asked for by name.
 */
const dynoSizes: readonly DynoSize[] = [
  size("basic", 0.512, 7),
  size("standard-1x", 0.512, 25),
  size("standard-2x", 1.024, 50),
  size("performance-m", 2.5, 250),
  size("performance-l", 14, 500),
  size("performance-l-ram", 30, 500),
  size("performance-xl", 62, 750),
  size("performance-2xl", 126, 1500),
  size("private-s", 1),
  size("private-m", 2.5),
  size("private-l", 14),
  size("private-l-ram", 30),
  size("private-xl", 62),
  size("private-2xl", 126),
  size("shield-s", 1),
  size("shield-m", 2.5),
  size("shield-l", 14),
  size("shield-l-ram", 30),
  size("shield-xl", 62),
  size("shield-2xl", 126),
];

/** The size by its name in any case; undefined for one that the table does not know, such as a newer one. */
export function findDynoSize(name: string): DynoSize | undefined {
  return dynoSizes.find((one) => one.name === name.toLowerCase());
}

/**
 * The size that a process gets: the one of the options, else the smallest that holds the memory it asks for.
 *
 * Without either: Private-S in a space, Standard-1X in `production`, Basic everywhere else. Basic neither scales out
 * nor may stand beside the Standard sizes in one app, so that an environment has one or the other.
 */
export function dynoSizeOf(
  options: Pick<HerokuOptions, "sizes" | "space">,
  environment: string,
  process: Pick<ResolvedProcess, "name" | "memory">,
  others: readonly Pick<ResolvedProcess, "name" | "memory" | "instances">[] = [process],
): string {
  const asked = options.sizes?.[process.name];
  if (asked !== undefined) return asked.toLowerCase();
  const runtime = options.space === undefined ? "common" : "private";
  const needsMore = others.some(
    (one) => (one.memory ?? 0) > 0.512 * GB || ("instances" in one && (one.instances ?? 1) > 1),
  );
  const basic = environment !== "production" && !needsMore;
  const fitting = dynoSizes.find(
    (one) =>
      one.runtime === runtime && one.memory >= (process.memory ?? 0) && (one.name !== "basic" || basic),
  );
  return fitting?.name ?? (runtime === "common" ? "performance-2xl" : "private-2xl");
}
