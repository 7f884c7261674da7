import type { Output } from "../terminal.js";
import { displayWidth, truncate } from "./width.js";

const HIDE_CURSOR = "\u001B[?25l";
const SHOW_CURSOR = "\u001B[?25h";
const CLEAR_BELOW = "\u001B[0J";

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
 * of then, so that exactly what was drawn is cleared.
 */
export function createLiveArea(output: Output): LiveArea {
  let drawn: readonly number[] = [];
  let open = false;
  const clear = (): string => {
    const columns = output.columns();
    const rows = drawn.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0);
    return rows === 0 ? "\r" : `\r\u001B[${rows}A${CLEAR_BELOW}`;
  };
  return {
    draw: (live, kept = []) => {
      const columns = output.columns();
      const lines = live.slice(0, Math.max(1, output.rows() - 2)).map((line) => truncate(line, columns - 1));
      const text = [...kept, ...lines].map((line) => `${line}\n`).join("");
      void output.write(`${open ? "" : HIDE_CURSOR}${clear()}${text}`);
      open = true;
      drawn = lines.map(displayWidth);
    },
    close: () => {
      if (!open) return;
      void output.write(`${clear()}${SHOW_CURSOR}`);
      open = false;
      drawn = [];
    },
  };
}
