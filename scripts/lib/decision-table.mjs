/** @typedef {{ target: string, places: readonly string[], records: Readonly<Record<string, readonly string[] | null>> }} Decision */

const begin = "<!-- decisions: written from the code -->";
const end = "<!-- end of decisions -->";

/** How a reader knows the abilities, in the order of the columns. */
const abilities = {
  flatten: "flattens CNAMEs at the root",
  alias: "has ALIAS records",
  none: "neither",
};

/**
 * Which records lead a host name to its target, as a Markdown table.
 *
 * @param {readonly Decision[]} decisions
 * @returns {string}
 */
export function decisionTable(decisions) {
  const head = ["The app answers at", "The host is", ...Object.values(abilities)];
  const rows = decisions.map(({ target, places, records }) => [
    target,
    places.join(", "),
    ...Object.keys(abilities).map((ability) => records[ability]?.join(" and ") ?? "error `dns.apex`"),
  ]);
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/**
 * `page` with what is between the markers replaced by `table`.
 *
 * @param {string} page
 * @param {string} table
 * @returns {string}
 */
export function replaceDecisions(page, table) {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error("the page has lost the markers of its decision table");
  return `${page.slice(0, from + begin.length)}\n\n${table}\n\n${page.slice(to)}`;
}
