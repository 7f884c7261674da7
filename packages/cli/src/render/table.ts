import type { Output } from "../terminal.js";
import type { Style } from "./style.js";
import { displayWidth, padEnd, padStart, truncate } from "./width.js";

/** A column of a table. */
export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
  /** What is cut first when the terminal is narrow: the smallest. Default 5. */
  readonly importance?: number;
}

const GAP = 2;
const NARROWEST = 4;

/**
 * Lines of a table with a heading, at most `width` cells wide.
 *
 * Where it does not fit, the least important column is shortened, then left out, then the next one. A column whose
 * cells are all empty is left out from the start.
 */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
  style: Style,
): string[] {
  const used = columns
    .map((column, index) => ({ column, index }))
    .filter(({ index }) => rows.some((row) => (row[index] ?? "") !== ""));
  const widths = new Map(
    used.map(({ column, index }) => [
      index,
      Math.max(displayWidth(column.title), ...rows.map((row) => displayWidth(row[index] ?? ""))),
    ]),
  );
  fit(used, widths, width);
  const shown = used.filter(({ index }) => widths.has(index));
  const line = (cells: readonly string[]): string =>
    shown
      .map(({ column, index }) => {
        const cell = truncate(cells[index] ?? "", widths.get(index) ?? 0);
        return (column.align === "right" ? padStart : padEnd)(cell, widths.get(index) ?? 0);
      })
      .join(" ".repeat(GAP))
      .trimEnd();
  return [style.dim(line(columns.map(({ title }) => title))), ...rows.map(line)];
}

function fit(
  columns: readonly { readonly column: Column; readonly index: number }[],
  widths: Map<number, number>,
  width: number,
): void {
  const byImportance = [...columns].sort(
    (left, right) =>
      (left.column.importance ?? 5) - (right.column.importance ?? 5) || right.index - left.index,
  );
  const excess = (): number => [...widths.values()].reduce((sum, value) => sum + value + GAP, -GAP) - width;
  for (const { column, index } of byImportance) {
    if (excess() <= 0) return;
    const present = widths.get(index) ?? 0;
    const narrowest = Math.min(present, Math.max(NARROWEST, displayWidth(column.title)));
    widths.set(index, Math.max(narrowest, present - excess()));
    if (excess() > 0 && widths.size > 1) widths.delete(index);
  }
}

/** Width a table may have on `output`: that of the terminal, without a limit where it is read by a program. */
export function tableWidth(output: Output): number {
  return output.isTerminal ? output.columns() : Number.MAX_SAFE_INTEGER;
}
