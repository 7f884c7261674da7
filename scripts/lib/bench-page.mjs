import { availableParallelism, cpus, loadavg } from "node:os";

/**
 * @typedef {Record<string, unknown>} Row
 * @typedef {{ name: string, ratio: number, limit: number, ok: boolean }} Claim
 * @typedef {{ name: string, measured: string, rows: Row[], claims: Claim[], error?: string }} Result
 */

/**
 * What all benches measured, as Markdown.
 *
 * @param {readonly Result[]} results
 * @param {boolean} quick
 * @returns {string}
 */
export function renderResults(results, quick) {
  const facts = [
    new Date().toISOString().slice(0, 10),
    `${availableParallelism()} cores (${cpus()[0]?.model.trim() || "unknown"})`,
    `Node ${process.version.slice(1)}`,
    process.platform,
    `load ${loadavg()[0]?.toFixed(1)} at the end`,
    ...(quick ? ["with `--quick`"] : []),
  ];
  const claims = results.flatMap((result) =>
    result.claims.map((claim) => [
      result.name,
      claim.name,
      claim.ratio,
      claim.limit,
      claim.ok ? "yes" : "**no**",
    ]),
  );
  const summary = markdownTable(["bench", "claim", "measured", "limit", "holds"], claims);
  return [`Measured ${facts.join(", ")}.`, summary, ...results.map(renderResult)].join("\n\n");
}

/** @param {Result} result */
function renderResult({ name, measured, rows, error }) {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const body = rows.map((row) => columns.map((column) => row[column] ?? ""));
  const failure = error === undefined ? [] : [`It failed:\n\n\`\`\`\n${error}\n\`\`\``];
  return [
    `### ${name}`,
    measured,
    ...(rows.length === 0 ? [] : [markdownTable(columns, body)]),
    ...failure,
  ].join("\n\n");
}

/**
 * @param {readonly string[]} head
 * @param {readonly (readonly unknown[])[]} rows
 */
function markdownTable(head, rows) {
  const line = (/** @type {readonly unknown[]} */ cells) => `| ${cells.map(cell).join(" | ")} |`;
  const rule = head.map((_, column) =>
    rows.every((row) => typeof row[column] === "number") ? "---:" : "---",
  );
  return [line(head), `| ${rule.join(" | ")} |`, ...rows.map(line)].join("\n");
}

/** @param {unknown} value */
function cell(value) {
  if (typeof value === "object" && value !== null) return JSON.stringify(value).replaceAll("|", "\\|");
  return String(value).replaceAll("|", "\\|");
}

/** @param {Claim} claim */
export function claimText({ name, ratio, limit }) {
  return `${name}: ${ratio} (limit ${limit})`;
}
