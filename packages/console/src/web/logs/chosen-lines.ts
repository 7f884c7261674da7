import { neutralised } from "./neutralise.js";
import type { LogView } from "./view-types.js";

/** The text of the chosen lines that are loaded, each on a line of its own. */
export function chosenText(view: LogView): string {
  const chosen = view.selection.value;
  if (chosen === undefined) return "";
  return view.window.rows
    .flatMap((row) => (!("kind" in row) ? [row] : row.kind === "fold" ? row.lines : []))
    .filter((line) => line.seq >= chosen.from && line.seq <= chosen.to)
    .map((line) => neutralised(line.text))
    .join("\n");
}

/** The address of this page with the chosen lines in it. */
export function chosenLink(view: LogView): string {
  const chosen = view.selection.value;
  const url = new URL(window.location.href);
  url.searchParams.delete("line");
  url.searchParams.delete("to");
  if (chosen !== undefined) {
    url.searchParams.set("line", String(chosen.from));
    if (chosen.to !== chosen.from) url.searchParams.set("to", String(chosen.to));
  }
  return url.href;
}
