/**
 * Tracebacks of Python, Node and Java, found by their grammar: by what the lines are, never by when they came.
 *
 * @module
 */

import type { LogEntry } from "../../shared/log-types.js";
import { withoutAnsi } from "./ansi.js";

/** A traceback as one row. */
export interface Fold {
  readonly kind: "fold";
  readonly language: "python" | "node" | "java";
  /** The line it begins with; its number is the row's. */
  readonly head: LogEntry;
  /** All its lines, the head included, of one instance; lines of others may lie between them. */
  readonly lines: readonly LogEntry[];
  /** `ValueError`, `java.lang.IllegalStateException`: of the exception that came out in the end. */
  readonly type: string;
  /** The line that says what happened. */
  readonly summary: string;
  /** The first cause, where it has a chain: its line. */
  readonly cause?: string;
  /** The same for tracebacks that are alike: same lines, addresses and numbers aside. */
  readonly signature: string;
}

interface Open {
  readonly language: Fold["language"];
  readonly lines: LogEntry[];
  /** Plain text of the lines. */
  readonly texts: string[];
  /** Taken back when the traceback does not go on behind them. */
  pending: number;
  /** Indent of a Python traceback; `undefined` in exception groups. */
  indent: string;
  state: "frames" | "raised" | "chain" | "group" | "header";
  /** Frames that were seen: none, and it is no traceback. */
  frames: number;
  braces: number;
}

/** Longer ones go on as lines of their own. */
const MAX_LINES = 3000;

const PYTHON_HEAD = /^(\s*)Traceback \(most recent call last\):\s*$/;
const GROUP_HEAD = /^\s*\+ Exception Group Traceback \(most recent call last\):\s*$/;
const GROUP_LINE = /^\s+(?:\||\+[-+])/;
const CHAIN =
  /^\s*(?:During handling of the above exception, another exception occurred|The above exception was the direct cause of the following exception):\s*$/;
const RAISED = /^[A-Za-z_][\w.]*(?:\[[\w., ]+\])?(?::\s|:$|$)/;
/** What database drivers and SQLAlchemy write under an exception. */
const RAISED_MORE =
  /^(?:DETAIL|HINT|CONTEXT|QUERY|LINE \d+|\[SQL|\[parameters|\(Background on this error)\b|^\s+\^$/;
const AT = /^\s+at \S/;
const JAVA_AT =
  /^\s+at [\w$.<>/@-]+\((?:[\w$-]+\.(?:java|kt|scala|groovy|clj):\d+|Native Method|Unknown Source|[^)]*)\)(?: .*)?$/;
const THROWN =
  /(?:^|[\s"'[(:])((?:[\w$]+\.)*[A-Z][\w$]*(?:Error|Exception|Throwable|Failure|Fault|Warning))(?: \[\w+\])?(?::|$|\s)/;
const BARE_ERROR = /(?:^|\s)(Error): /;
const CAUSED = /^\s*(?:Caused by|Suppressed): (.+)$/;
const NODE_MORE =
  /^(?:\s+\[?[\w$.']+\]?: |\s*\}|\s+\[(?:cause|errors)\]: |\s*\]|\s*\.\.\. \d+ (?:lines matching|more))/;

/** Folds tracebacks: tells for each line which fold it belongs to. */
export function findFolds(entries: readonly LogEntry[]): ReadonlyMap<LogEntry, Fold> {
  const found = new Map<LogEntry, Fold>();
  const open = new Map<string, Open>();
  const before = new Map<string, { entry: LogEntry; text: string }>();
  const close = (key: string): void => {
    const group = open.get(key);
    if (group === undefined) return;
    open.delete(key);
    const fold = finish(group);
    if (fold !== undefined) for (const line of fold.lines) found.set(line, fold);
  };
  for (const entry of entries) {
    const key = entry.instance;
    const group = open.get(key);
    if (group === undefined && !mayBelong(entry.text)) {
      // Only a line that names an exception can be the head of frames that follow it.
      if (entry.text.length < 4000 && (entry.text.includes("E") || entry.text.includes("T"))) {
        before.set(key, { entry, text: entry.text });
      } else {
        before.delete(key);
      }
      continue;
    }
    const text = withoutAnsi(entry.text).trimEnd();
    if (group !== undefined) {
      if (group.lines.length < MAX_LINES && takes(group, entry, text)) continue;
      close(key);
    }
    const head = begin(entry, text, before.get(key));
    if (head === undefined) before.set(key, { entry, text });
    else {
      open.set(key, head);
      before.delete(key);
    }
  }
  for (const key of [...open.keys()]) close(key);
  return found;
}

// Cheap: this is asked of every line.
function mayBelong(text: string): boolean {
  if (text.length > 4000) return false;
  const first = text.charCodeAt(0);
  // Blank, or escape: what begins with a letter is a head of Python or nothing.
  return first === 32 || first === 9 || first === 27 || text.startsWith("Traceback (");
}

function begin(
  entry: LogEntry,
  text: string,
  before: { readonly entry: LogEntry; readonly text: string } | undefined,
): Open | undefined {
  const base = { lines: [entry], texts: [text], pending: 0, indent: "", frames: 0, braces: 0 };
  const python = PYTHON_HEAD.exec(text);
  if (python !== null) return { ...base, language: "python", indent: python[1]!, state: "frames" };
  if (GROUP_HEAD.test(text)) return { ...base, language: "python", state: "group", frames: 1 };
  if (AT.test(text) && before !== undefined) {
    const head = withoutAnsi(before.text).trimEnd();
    if (!THROWN.test(head) && !BARE_ERROR.test(head)) return undefined;
    const java = JAVA_AT.test(text) && !/:\d+:\d+\)?/.test(text);
    const group: Open = {
      ...base,
      language: java ? "java" : "node",
      lines: [before.entry, entry],
      texts: [head, text],
      state: "frames",
      frames: 1,
      braces: text.endsWith("{") ? 1 : 0,
    };
    return group;
  }
  return undefined;
}

function takes(group: Open, entry: LogEntry, text: string): boolean {
  const fits = group.language === "python" ? pythonTakes(group, text) : atTakes(group, text);
  if (fits === "no") return false;
  group.lines.push(entry);
  group.texts.push(text);
  group.pending = fits === "perhaps" ? group.pending + 1 : 0;
  return true;
}

function pythonTakes(group: Open, text: string): "yes" | "no" | "perhaps" {
  if (group.state === "group") {
    if (GROUP_LINE.test(text)) return "yes";
    return betweenChained(group, text);
  }
  const inside = text.startsWith(group.indent) ? text.slice(group.indent.length) : undefined;
  if (group.state === "frames") {
    if (inside === undefined) return "no";
    if (inside.startsWith("  ")) {
      if (inside.startsWith("  File ")) group.frames++;
      return "yes";
    }
    if (group.frames > 0 && RAISED.test(inside)) {
      group.state = "raised";
      return "yes";
    }
    // A frame's source line that is blank is left out by Python; nothing else may stand here.
    return "no";
  }
  if (group.state === "raised" && inside !== undefined && RAISED_MORE.test(inside)) return "yes";
  return betweenChained(group, text);
}

// Behind an exception: a blank, a sentence, a blank, and the next traceback; or it is over.
function betweenChained(group: Open, text: string): "yes" | "no" | "perhaps" {
  if (text === "") return "perhaps";
  if (CHAIN.test(text)) {
    group.state = "chain";
    return "perhaps";
  }
  if (group.state !== "chain") return "no";
  const next = PYTHON_HEAD.exec(text);
  if (next !== null) {
    group.state = "frames";
    group.indent = next[1]!;
    return "yes";
  }
  if (!GROUP_HEAD.test(text)) return "no";
  group.state = "group";
  return "yes";
}

function atTakes(group: Open, text: string): "yes" | "no" | "perhaps" {
  if (AT.test(text)) {
    group.frames++;
    if (text.endsWith("{")) group.braces++;
    return "yes";
  }
  if (CAUSED.test(text) || /^\s+\.\.\. \d+ (?:more|common frames omitted)/.test(text)) return "yes";
  if (group.language === "node" && group.braces > 0) {
    if (/^\s*\}/.test(text)) group.braces--;
    else if (text.endsWith("{")) group.braces++;
    if (text.startsWith(" ") || NODE_MORE.test(text)) return "yes";
  }
  return "no";
}

function finish(group: Open): Fold | undefined {
  const count = group.lines.length - group.pending;
  const lines = group.lines.slice(0, count);
  const texts = group.texts.slice(0, count);
  if (group.frames === 0 || lines.length < 2) return undefined;
  const { type, summary, cause } = group.language === "python" ? pythonSummary(texts) : atSummary(texts);
  return {
    kind: "fold",
    language: group.language,
    head: lines[0]!,
    lines,
    type,
    summary,
    ...(cause === undefined ? {} : { cause }),
    signature: signatureOf(texts),
  };
}

function pythonSummary(texts: readonly string[]): Pick<Fold, "type" | "summary" | "cause"> {
  const plain = texts.map((text) => text.replace(/^[\s|+-]*[|]\s?/, ""));
  const raised = plain.filter(
    (text, index) =>
      RAISED.test(text) &&
      !RAISED_MORE.test(text) &&
      !/^(?:Traceback|File) /.test(text) &&
      !CHAIN.test(text) &&
      !/^\s/.test(plain[index]!),
  );
  // In a group the first is the group itself, the rest are its parts; in a chain the last is what came out.
  const grouped = texts.some((text) => GROUP_HEAD.test(text));
  const summary = (grouped ? raised[0] : raised.at(-1))?.trim() ?? "Traceback without an end";
  const cause = grouped ? raised[1] : raised.length > 1 ? raised[0] : undefined;
  return {
    type: summary.split(/[:[]/)[0]!.trim(),
    summary,
    ...(cause === undefined ? {} : { cause: cause.trim() }),
  };
}

function atSummary(texts: readonly string[]): Pick<Fold, "type" | "summary" | "cause"> {
  const head = texts[0]!;
  const type = (THROWN.exec(head) ?? BARE_ERROR.exec(head))?.[1] ?? "Error";
  const causes = texts.flatMap((text) => CAUSED.exec(text)?.[1] ?? /\[cause\]: (.+)$/.exec(text)?.[1] ?? []);
  const cause = causes.at(-1);
  return {
    type,
    summary: head.trim(),
    ...(cause === undefined ? {} : { cause: cause.replace(/\s*\{$/, "") }),
  };
}

// FNV-1a over the lines, without what differs each time; twice 32 bits, so that two do not meet by chance.
function signatureOf(texts: readonly string[]): string {
  let one = 0x811c9dc5;
  let two = 0x9747b28c;
  for (const [index, text] of texts.entries()) {
    // The head of Node and Java may carry a date.
    const same = text.replace(/0x[0-9a-f]+/gi, "0x").replace(index === 0 ? /\d+/g : /(?!)/g, "0");
    for (let at = 0; at < same.length; at++) {
      one = Math.imul(one ^ same.charCodeAt(at), 0x01000193);
      two = Math.imul(two ^ same.charCodeAt(at), 0x85ebca6b) ^ (two >>> 13);
    }
  }
  return `${(one >>> 0).toString(36)}${(two >>> 0).toString(36)}`;
}
