import { withoutAnsi } from "../logs/ansi.js";
import { neutralised } from "../logs/neutralise.js";

/**
 * Text from outside (vendors, commits, output of commands), harmless in a page: escape sequences go away, what would
 * act on the text becomes a mark. Newlines stay.
 */
export function plain(text: string): string {
  return withoutAnsi(text)
    .split("\n")
    .map((line) => neutralised(line.endsWith("\r") ? line.slice(0, -1) : line))
    .join("\n");
}
