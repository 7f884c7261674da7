import type { Level, LogEntry, LogFilter } from "./log-types.js";

/** The level that a line counts as: what its text tells, but where somebody has said otherwise. */
export function createLevelOf({
  relabels,
}: Pick<LogFilter, "relabels">): (facts: Pick<LogEntry, "process" | "level">) => Level {
  if (relabels === undefined || relabels.length === 0) return ({ level }) => level;
  const said = new Map<string, Level>();
  for (const { process, from, to } of [...relabels].reverse()) said.set(`${from} ${process}`, to);
  return ({ process, level }) => said.get(`${level} ${process}`) ?? level;
}
