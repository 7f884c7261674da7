import type { JobStatus, ResolvedJob } from "@deploy/core";
import type { JobView } from "../../shared/app-types.js";

/** The scheduled tasks as declared and as they are there, by name. */
export function jobViews(declared: readonly ResolvedJob[], there: readonly JobStatus[]): readonly JobView[] {
  const names = [...new Set([...declared, ...there].map(({ name }) => name))].sort();
  return names.map((name) => {
    const wanted = declared.find((job) => job.name === name);
    const present = there.find((job) => job.name === name);
    const { nextRun, lastRun } = present ?? {};
    return {
      name,
      schedule: present?.schedule ?? wanted?.schedule ?? "",
      ...(wanted === undefined ? {} : { timeZone: wanted.timeZone }),
      state: present === undefined ? "not there" : wanted === undefined ? "not declared" : "scheduled",
      ...(nextRun === undefined ? {} : { nextRun: Date.parse(nextRun) }),
      ...(lastRun === undefined ? {} : { lastRun: { ...lastRun, at: Date.parse(lastRun.at) } }),
    };
  });
}
