import { REDACTED } from "./secret-forms.js";

/** Takes private keys out of lines, also when one is printed over many lines. */
export interface KeyBlocks {
  line(source: string, text: string): string;
}

/** `-----BEGIN RSA PRIVATE KEY-----` and its like, `PGP PRIVATE KEY BLOCK` included. */
const begin = /-----BEGIN (?:[A-Z0-9]{1,16} ){0,3}PRIVATE KEY(?: BLOCK)?-----/g;
const end = "-----END ";
/** A line that can be part of a key: base64, or a header such as `Proc-Type: 4,ENCRYPTED`. */
const bodyLine =
  /^[\s"']*(?:[A-Za-z0-9+/=_-]+|(?:Proc-Type|DEK-Info|Version|Comment|Hash|Charset):.*)?(?:\\[nr])*[\s"',]*$/;
/** Longer lines are no lines of a key; it also bounds the time that the pattern takes. */
const longestBodyLine = 1_000;
/** A key within a line that has something before it, such as a time. */
const run = /(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{24,}={0,2}/g;
/** A key of 16,384 bits has about 200 lines; one that never ends must not hide a log for ever. */
const mostLines = 300;
/** Sources with an open key that are remembered; a process that opens more loses the oldest. */
const mostSources = 1_000;

/** Makes one; begin and end marks stay in the text, so that a reader sees what was there. */
export function createKeyBlocks(): KeyBlocks {
  /** Lines that may still follow, by source. */
  const open = new Map<string, number>();

  const close = (source: string): void => {
    open.delete(source);
  };

  /** The text behind a begin mark. */
  const within = (source: string, text: string): string => {
    const stop = text.indexOf(end);
    if (stop === -1) {
      open.set(source, mostLines);
      if (open.size > mostSources) close(open.keys().next().value ?? "");
      return text.trim() === "" ? text : REDACTED;
    }
    close(source);
    return (stop === 0 ? "" : REDACTED) + outside(source, text.slice(stop));
  };

  const outside = (source: string, text: string): string => {
    if (!text.includes("PRIVATE KEY")) return text;
    begin.lastIndex = 0;
    const match = begin.exec(text);
    if (match === null) return text;
    const behind = match.index + match[0].length;
    return text.slice(0, behind) + within(source, text.slice(behind));
  };

  const inside = (source: string, text: string, left: number): string => {
    const stop = text.indexOf(end);
    if (stop !== -1) {
      close(source);
      const before = text.slice(0, stop);
      return (before.trim() === "" ? before : bodyOf(before)) + outside(source, text.slice(stop));
    }
    if (isBody(text) || text === REDACTED) {
      open.set(source, left - 1);
      return text.trim() === "" ? text : REDACTED;
    }
    run.lastIndex = 0;
    if (run.test(text)) {
      open.set(source, left - 1);
      return text.replace(run, REDACTED);
    }
    close(source);
    return outside(source, text);
  };

  return {
    line: (source, text) => {
      if (open.size === 0) return outside(source, text);
      const left = open.get(source);
      if (left === undefined) return outside(source, text);
      if (left > 0) return inside(source, text, left);
      close(source);
      return outside(source, text);
    },
  };
}

function bodyOf(text: string): string {
  return isBody(text) ? REDACTED : text.replace(run, REDACTED);
}

function isBody(text: string): boolean {
  return text.length <= longestBodyLine && bodyLine.test(text);
}
