import type { Output } from "../terminal.js";
import { displayWidth, truncate } from "./width.js";

const HIDE_CURSOR = "\u001B[?25l";
const SHOW_CURSOR = "\u001B[?25h";
const CLEAR_REST_OF_LINE = "\u001B[K";

/** Lines at the end of the terminal that are drawn over, below lines that stay. */
export interface LiveArea {
  /** Puts lines above the live ones for good, and draws the live ones anew; one write, so that nothing flickers. */
  draw(live: readonly string[], kept?: readonly string[]): void;
  /** Takes the live lines away and gives the cursor back. */
  close(): void;
}

/**
 * A live area on `output`.
 *
 * A terminal that became narrower has wrapped what was drawn: rows are counted with the width of now, from the widths
 * of then, so that exactly what was drawn is overwritten. Rows are cleared one by one, never "from here to the end of
 * the screen": at the top of the screen tmux takes that for a clear and keeps a copy in its history.
 */
export function createLiveArea(output: Output): LiveArea {
  let drawn: readonly number[] = [];
  let open = false;
  const rowsOf = (widths: readonly number[]): number => {
    const columns = output.columns();
    return widths.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0);
  };
  const overwrite = (lines: readonly string[]): string => {
    const before = rowsOf(drawn);
    const superfluous = Math.max(0, before - rowsOf(lines.map(displayWidth)));
    return [
      `\r${up(before)}`,
      ...lines.map((line) => `${line}${CLEAR_REST_OF_LINE}\n`),
      `${CLEAR_REST_OF_LINE}\n`.repeat(superfluous),
      up(superfluous),
    ].join("");
  };
  return {
    draw: (live, kept = []) => {
      const columns = output.columns();
      const lines = live.slice(0, Math.max(1, output.rows() - 2)).map((line) => truncate(line, columns - 1));
      void output.write(`${open ? "" : HIDE_CURSOR}${overwrite([...kept, ...lines])}`);
      open = true;
      drawn = lines.map(displayWidth);
    },
    close: () => {
      if (!open) return;
      void output.write(`${overwrite([])}${SHOW_CURSOR}`);
      open = false;
      drawn = [];
    },
  };
}

function up(rows: number): string {
  return rows === 0 ? "" : `\u001B[${rows}A`;
}
