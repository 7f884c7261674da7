import { filterToQuery } from "../../shared/filter-query.js";
import type { LogFilter } from "../../shared/log-types.js";

/** Where the filtered lines can be had as a file. */
export function downloadLink(
  path: string,
  filter: LogFilter,
  format: "text" | "ndjson",
  gzip: boolean,
): string {
  const query = filterToQuery(filter);
  query.set("format", format);
  if (gzip) query.set("gzip", "1");
  return `${path}/download?${query}`;
}
