import { Buffer } from "node:buffer";
import type { LogLine } from "@deploy/core";
import type { NewLine } from "../store/types.js";
import { createLevelReader } from "./continued-level.js";
import type { Redactor } from "./redact.js";

/** The longest line that is stored, in bytes of UTF-8: 1 MB. */
const longestLine = 1024 * 1024;
/** Beyond this, in characters, a line is cut before secrets are looked for: twice the limit. */
const longestLook = 2 * longestLine;
/** A millisecond of year 275760; beyond there is no date. */
const latestTime = 8.64e15;

/** Makes lines of providers ready for the store: without secrets, not too long, with a time and a level. */
export interface LinePreparer {
  prepare(line: LogLine): NewLine;
}

/** Makes a preparer; `now` answers for lines whose time cannot be read. */
export function createLinePreparer(redactor: Redactor, now: () => number): LinePreparer {
  // Lines that come together often have the same time, and parsing is dear.
  let lastText = "";
  let lastTime = 0;
  const levels = createLevelReader();

  const timeOf = (text: string): number => {
    if (text === lastText) return lastTime;
    const parsed = Date.parse(text);
    const time = Number.isNaN(parsed) || Math.abs(parsed) > latestTime ? now() : parsed;
    lastText = text;
    lastTime = time;
    return time;
  };

  return {
    prepare: ({ time, process, instance, release, stream, text }) => {
      const source = `${instance} ${stream}`;
      const clean = redactor.line({ source, text: text.slice(0, longestLook) });
      const shown = cutLine(clean, text.length > longestLook ? text.length : undefined);
      return {
        time: timeOf(time),
        process,
        instance,
        ...(release === undefined ? {} : { release }),
        stream,
        level: levels.read(source, shown, stream),
        text: shown,
      };
    },
  };
}

/**
 * Cuts a line to 1 MB of UTF-8, never within a character, with a mark that says how long it was.
 *
 * `length` is the number of characters that it had where it has been cut before.
 */
function cutLine(text: string, length?: number): string {
  // A character of a string is three bytes at most.
  if (length === undefined && text.length * 3 <= longestLine) return text;
  const bytes = Buffer.byteLength(text);
  if (length === undefined && bytes <= longestLine) return text;
  const size = length === undefined ? `${bytes} bytes` : `${length} characters`;
  const mark = ` … [cut here: the line has ${size}]`;
  const head = Buffer.from(text).subarray(0, longestLine - Buffer.byteLength(mark));
  let to = head.length;
  // A byte 10xxxxxx goes on with a character, and its first byte says how many there are.
  while (to > 0 && (head[to - 1]! & 0xc0) === 0x80) to--;
  const first = head[to - 1] ?? 0;
  const width = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
  const whole = head.length - (to - 1) >= width ? head.length : to - 1;
  return head.subarray(0, whole).toString("utf8") + mark;
}
