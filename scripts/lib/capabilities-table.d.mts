/** What a provider declares, as a Markdown table. */
export function capabilitiesTable(provider: object, heading: string): string;
/** `text` with what is between the markers replaced by `table`. */
export function replaceTable(text: string, table: string): string;
