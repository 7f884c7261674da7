import { useEffect, useState } from "preact/hooks";
import { filterToQuery } from "../../shared/filter-query.js";
import {
  type HistogramBucket,
  LEVELS,
  type Level,
  type LogFilter,
  type LogHistogram,
} from "../../shared/log-types.js";
import { get } from "../api.js";
import type { LogView } from "./view-types.js";

/** Milliseconds between two counts of a page that is looked at. */
const everyMs = 10_000;

/**
 * How many lines `filter` lets through over the time that it spans, or over all that is kept.
 *
 * Counted anew when `key` changes, with the first facts, and every ten seconds.
 */
export function useHistogram(view: LogView, filter: LogFilter, key: string): readonly HistogramBucket[] {
  const [buckets, setBuckets] = useState<readonly HistogramBucket[]>([]);
  const bounds = view.facts.value?.bounds;
  useEffect(() => {
    if (bounds === undefined) return;
    const controller = new AbortController();
    const load = (): void => {
      if (document.visibilityState !== "visible") return;
      const end = filter.until ?? Date.now() + 1;
      const start = filter.since ?? Math.min(bounds.oldestTime ?? end - 3_600_000, end - 60_000);
      const query = filterToQuery({ ...filter, since: Math.floor(start), until: Math.ceil(end) });
      query.set("buckets", "120");
      get<LogHistogram>(`${view.path}/histogram?${query}`, { signal: controller.signal }).then(
        (answer) => setBuckets(answer.buckets),
        () => {},
      );
    };
    load();
    const timer = setInterval(load, everyMs);
    return () => {
      clearInterval(timer);
      controller.abort();
    };
  }, [view, key, bounds === undefined]);
  return buckets;
}

/** How many lines of each level. */
export function countsOf(buckets: readonly HistogramBucket[]): Partial<Record<Level, number>> {
  const sums: Partial<Record<Level, number>> = {};
  for (const bucket of buckets) {
    for (const level of LEVELS) {
      const count = bucket.counts[level];
      if (count !== undefined) sums[level] = (sums[level] ?? 0) + count;
    }
  }
  return sums;
}
