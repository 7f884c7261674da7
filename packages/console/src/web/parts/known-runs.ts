import type { Run } from "../../shared/run-types.js";

/**
 * What is known of runs, newest first, once these have been heard of, too.
 *
 * They come by two ways, by request and by socket, and what was asked for before may be answered after: a run that has
 * ended stays so, whatever comes behind.
 */
export function withRuns(known: readonly Run[], heard: readonly Run[]): readonly Run[] {
  const byId = new Map(known.map((run) => [run.id, run]));
  for (const run of heard) {
    const isOlder = run.endedAt === undefined && byId.get(run.id)?.endedAt !== undefined;
    if (!isOlder) byId.set(run.id, run);
  }
  return [...byId.values()].sort((one, other) => other.startedAt - one.startedAt);
}
