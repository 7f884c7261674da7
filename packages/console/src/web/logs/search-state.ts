import { FILTER_PARAMETERS, filterFromQuery, filterToQuery } from "../../shared/filter-query.js";
import type { LogFilter } from "../../shared/log-types.js";
import type { Selection } from "./view-types.js";

/** What is looked for, and whether the rest is hidden. */
export interface SearchState {
  readonly filter: LogFilter;
  /** The text is searched for and marked; else only lines with it are shown. */
  readonly find: boolean;
}

/** What an address says of it. */
export function stateOf(query: URLSearchParams): SearchState {
  const read = filterFromQuery(query);
  // What counts as which level is said in each browser, not in an address.
  const { relabels: _, ...filter } = read.value ?? {};
  return { filter, find: query.get("mode") !== "filter" };
}

/** What it changes of an address. */
export function queryOf(state: SearchState): Record<string, string | readonly string[] | undefined> {
  const query = filterToQuery(state.filter);
  const changes: Record<string, string | readonly string[] | undefined> = {
    mode: state.find ? undefined : "filter",
  };
  for (const name of FILTER_PARAMETERS) {
    const values = query.getAll(name);
    changes[name] = values.length === 0 ? undefined : values;
  }
  return changes;
}

/** The lines that an address has chosen. */
export function linesOf(query: URLSearchParams): Selection | undefined {
  const number = (name: string): number | undefined => {
    const value = query.get(name);
    return value !== null && /^[1-9]\d{0,14}$/.test(value) ? Number(value) : undefined;
  };
  const from = number("line");
  if (from === undefined) return undefined;
  return { from, to: Math.max(from, number("to") ?? from) };
}

/** Whether anything is narrowed. */
export function isFiltered({ relabels: _, ...filter }: LogFilter): boolean {
  return Object.keys(withoutEmpty(filter)).length > 0;
}

/** Without fields that narrow nothing. */
export function withoutEmpty(
  filter: { readonly [K in keyof LogFilter]?: LogFilter[K] | undefined },
): LogFilter {
  return Object.fromEntries(
    Object.entries(filter).filter(
      ([, value]) => value !== undefined && value !== false && (!Array.isArray(value) || value.length > 0),
    ),
  ) as LogFilter;
}
