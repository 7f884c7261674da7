import { Buffer, isUtf8 } from "node:buffer";
import { continuationMark, longestLine } from "./limits.js";

const newline = 10;
const carriageReturn = 13;

/** What is to become of a last line that has no newline yet: kept for later, taken for now, or taken for good. */
export type TailPolicy = "keep" | "take" | "end";

/** The lines found in a piece of a raw file. */
export interface CutLines {
  /** Every line ended by a newline; valid UTF-8 without NUL. A view into the input where nothing had to change. */
  readonly body: Buffer;
  readonly lineCount: number;
  /** How many bytes of the input are done with. */
  readonly consumed: number;
  /** The last line had no newline yet. */
  readonly open: boolean;
}

/**
 * Cuts the whole lines off the front of `bytes`.
 *
 * Output that is sound UTF-8 with short lines, which is nearly all there is, is passed on untouched and costs four
 * native searches and one per line. `open` says that the line before these bytes was taken without its newline.
 */
export function cutLines(bytes: Buffer, open: boolean, tail: TailPolicy): CutLines {
  const start = open ? afterNewline(bytes, tail) : 0;
  if (start === undefined) return { body: bytes.subarray(0, 0), lineCount: 0, consumed: 0, open };
  const wholeEnd = Math.max(start, bytes.lastIndexOf(newline) + 1);
  const rest = bytes.length - wholeEnd;
  // Two bytes of slack: the newline, or CR and newline, of a line of just the longest length may be still to come.
  const takeRest = rest > longestLine + 1 || (tail !== "keep" && rest > 0);
  const whole = bytes.subarray(start, wholeEnd);
  const { lineCount, longest } = measure(whole);
  if (!takeRest && longest <= longestLine) {
    const stillOpen = wholeEnd === 0 && open;
    return { body: tidy(whole), lineCount, consumed: wholeEnd, open: stillOpen };
  }
  return cutLongLines(bytes, start, wholeEnd, tail);
}

function afterNewline(bytes: Buffer, tail: TailPolicy): number | undefined {
  if (bytes[0] === newline) return 1;
  if (bytes[0] !== carriageReturn) return 0;
  if (bytes.length === 1 && tail === "keep") return undefined;
  return bytes[1] === newline ? 2 : 0;
}

function measure(whole: Buffer): { lineCount: number; longest: number } {
  let lineCount = 0;
  let longest = 0;
  let from = 0;
  for (let at = whole.indexOf(newline); at !== -1; at = whole.indexOf(newline, from)) {
    if (at - from > longest) longest = at - from;
    lineCount++;
    from = at + 1;
  }
  return { lineCount, longest };
}

function tidy(whole: Buffer): Buffer {
  if (whole.indexOf(carriageReturn) === -1 && whole.indexOf(0) === -1 && isUtf8(whole)) return whole;
  return Buffer.from(whole.toString("utf8").replaceAll("\0", "").replaceAll("\r\n", "\n"), "utf8");
}

function cutLongLines(bytes: Buffer, start: number, wholeEnd: number, tail: TailPolicy): CutLines {
  const pieces: Buffer[] = [];
  let lineCount = 0;
  const push = (from: number, to: number, ending: string): void => {
    pieces.push(tidy(Buffer.concat([bytes.subarray(from, to), Buffer.from(ending)])));
    lineCount++;
  };
  const split = (from: number, to: number): number => {
    let at = from;
    while (to - at > longestLine && !(to - at === longestLine + 1 && bytes[to - 1] === carriageReturn)) {
      const cut = characterStart(bytes, at, at + longestLine);
      push(at, cut, `${continuationMark}\n`);
      at = cut;
    }
    return at;
  };
  for (let from = start; from < wholeEnd; ) {
    const end = bytes.indexOf(newline, from);
    push(split(from, end), end + 1, "");
    from = end + 1;
  }
  let consumed = wholeEnd;
  if (bytes.length - wholeEnd > longestLine + (tail === "keep" ? 1 : 0))
    consumed = split(wholeEnd, bytes.length);
  let open = consumed > wholeEnd;
  if (tail !== "keep") {
    const end = tail === "end" ? bytes.length : completeEnd(bytes, consumed);
    if (end > consumed) {
      push(consumed, end, "\n");
      consumed = end;
      open = true;
    }
  }
  return { body: Buffer.concat(pieces), lineCount, consumed, open };
}

/** The place at or just before `at` where a character begins, so that a cut does not go through one. */
function characterStart(bytes: Buffer, from: number, at: number): number {
  for (let back = 0; back < 4 && at - back > from; back++) {
    if ((bytes[at - back]! & 0xc0) !== 0x80) return at - back;
  }
  return at;
}

/** The end of the input without a character of which only the first bytes are there. */
function completeEnd(bytes: Buffer, from: number): number {
  for (let back = 1; back <= 3 && bytes.length - back >= from; back++) {
    const byte = bytes[bytes.length - back]!;
    if ((byte & 0xc0) === 0x80) continue;
    const width = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return width > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}
