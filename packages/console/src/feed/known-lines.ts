import type { NewLine } from "../store/types.js";

/**
 * Tells lines that are stored already from new ones where no cursor does: equal time, instance, stream and text count
 * as the same line, and as many as there were are held back.
 */
export interface KnownLines {
  /** Notes a line that is stored. */
  remember(line: NewLine): void;
  /** Reading begins again at a time: every line from there on may come once more. */
  rewind(since: number): void;
  /** Whether this line is one that came before the rewind; each counts once. */
  isKnown(line: NewLine): boolean;
  /** The newest time that is remembered. */
  newest(): number | undefined;
}

/** So many lines are remembered at most; a flood beyond may come twice after a disconnect. */
const mostLines = 200_000;

/** Makes one that remembers lines up to `overlapMs` behind the newest. */
export function createKnownLines(overlapMs: number): KnownLines {
  let recent: { readonly time: number; readonly key: string }[] = [];
  let newest: number | undefined;
  let expected = new Map<string, number>();

  return {
    remember: (line) => {
      recent.push({ time: line.time, key: keyOf(line) });
      newest = Math.max(newest ?? line.time, line.time);
      if (recent.length <= mostLines) return;
      const from = newest - overlapMs;
      recent = recent.filter((one) => one.time >= from).slice(-mostLines / 2);
    },
    rewind: (since) => {
      expected = new Map();
      recent = recent.filter((one) => one.time >= since);
      for (const { key } of recent) expected.set(key, (expected.get(key) ?? 0) + 1);
    },
    isKnown: (line) => {
      if (expected.size === 0) return false;
      const key = keyOf(line);
      const count = expected.get(key) ?? 0;
      if (count === 0) return false;
      if (count === 1) expected.delete(key);
      else expected.set(key, count - 1);
      return true;
    },
    newest: () => newest,
  };
}

function keyOf({ time, instance, stream, text }: NewLine): string {
  return `${time} ${instance} ${stream} ${text}`;
}
