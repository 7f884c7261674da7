import { createTextFinder, type TextFinder } from "./find-texts.js";
import { createKeyBlocks, type KeyBlocks } from "./key-blocks.js";
import { REDACTED, secretTexts } from "./secret-forms.js";
import { redactPatterns } from "./secret-patterns.js";

/** A line on its way into the store, as far as redaction looks at it. */
export interface RedactableLine {
  /** Lines of one source belong together: instance and stream. */
  readonly source: string;
  readonly text: string;
}

/** Takes secrets out of lines: known values, and what looks like one. */
export interface Redactor {
  /** Replaces the known values; they stay known: a process of an earlier release may print an earlier one. */
  learn(values: Iterable<string>): void;
  /** A line without its secrets, each as `<redacted>`. Lines of one source have to come in order. */
  line(line: RedactableLine): string;
  /** Takes up where an earlier run left off: lines as they are stored, in order. */
  prime(lines: readonly RedactableLine[]): void;
}

/**
 * Platforms cut long lines, and a secret may lie on the border: Docker at 16 kB, Heroku at 10,000 bytes, the local
 * provider at 64 kB. Whatever is as long as this may be such a piece.
 */
const longEnoughToBeCut = 8_000;

/** Ends the pieces of a line that the local provider has cut. */
const continuationMark = "…↩";

/** How many values are kept; beyond, the oldest are forgotten. */
const mostValues = 2_000;

/** Makes a redactor that knows no value yet. */
export function createRedactor(): Redactor {
  const values = new Set<string>();
  const cut = new Set<string>();
  const blocks: KeyBlocks = createKeyBlocks();
  let finder: TextFinder = createTextFinder(new Set());
  let knows = false;

  const known = (source: string, text: string): string => {
    if (!knows) return text;
    const stretches = finder.find(text);
    const follows = cut.delete(source);
    const isCut = text.length >= longEnoughToBeCut || text.endsWith(continuationMark);
    if (isCut) cut.add(source);
    if (stretches.length === 0 && !follows && !isCut) return text;
    const body = text.endsWith(continuationMark) ? text.length - continuationMark.length : text.length;
    const open = isCut ? finder.openEnd(text.slice(0, body)) : 0;
    return replace(text, [
      ...(follows ? [[0, finder.openStart(text)] as const] : []),
      ...stretches,
      [body - open, body],
    ]);
  };

  return {
    learn: (found) => {
      const before = values.size;
      for (const value of found) values.add(value);
      if (values.size === before) return;
      for (const value of values) {
        if (values.size <= mostValues) break;
        values.delete(value);
      }
      finder = createTextFinder(secretTexts(values));
      knows = true;
    },
    line: ({ source, text }) => {
      const clean = known(source, text);
      return redactPatterns(blocks.line(source, clean));
    },
    prime: (lines) => {
      for (const { source, text } of lines) {
        blocks.line(source, text);
        if (text.length >= longEnoughToBeCut || text.endsWith(continuationMark)) cut.add(source);
        else cut.delete(source);
      }
    },
  };
}

/** Replaces stretches, which may overlap, each by one mark. */
function replace(text: string, stretches: readonly (readonly [number, number])[]): string {
  let result = "";
  let copied = 0;
  for (const [from, to] of stretches.filter(([start, end]) => end > start).sort((a, b) => a[0] - b[0])) {
    if (to <= copied) continue;
    // What overlaps or touches the one before is covered by its mark.
    if (from > copied || copied === 0) result += text.slice(copied, from) + REDACTED;
    copied = to;
  }
  return result + text.slice(copied);
}
