/** One row: what the app answers at, where the host is, and the types of record by ability; null where there is no way. */
export interface Decision {
  readonly target: string;
  readonly places: readonly string[];
  readonly records: Readonly<Record<string, readonly string[] | null>>;
}

/** Which records lead a host name to its target, as a Markdown table. */
export function decisionTable(decisions: readonly Decision[]): string;
/** `page` with what is between the markers replaced by `table`. */
export function replaceDecisions(page: string, table: string): string;
