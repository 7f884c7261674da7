import { detectLevel } from "../shared/level.js";
import type { Level, LogEntry } from "../shared/log-types.js";

/** Sources that are remembered: instances come and go. */
const MOST_SOURCES = 1_000;
/** Lines that one line is continued by at most: the longest traceback that the pages fold, and no open end. */
const MOST_CONTINUED = 3_000;

/** Colours may stand before the indent. */
const ESCAPE = "\u001b";
const INDENTED = new RegExp(`^(?:${ESCAPE}\\[[0-9;]{0,20}m)*[ \\t]+\\S`);
const CLOSING = /^[}\])]+[,;]?$/;
const PYTHON_HEAD = /^\s*(?:\+ Exception Group )?Traceback \(most recent call last\):\s*$/;
/** `shop.errors.PaymentUnavailable: …` behind the frames; of any name, as Python has it. */
const PYTHON_RAISED = /^[A-Za-z_][\w.]*(?:\[[\w., ]+\])?(?::\s|:$|$)/;
const PYTHON_CHAIN =
  /^(?:During handling of the above exception, another exception occurred|The above exception was the direct cause of the following exception):\s*$/;

interface Begun {
  readonly level: Level;
  /** Of a Python traceback: what may come next without being indented. */
  python: "no" | "raised" | "chain";
  count: number;
}

/** Tells the level of lines that come in order. */
export interface LevelReader {
  /** `source`: instance and stream, whose lines belong together. */
  read(source: string, text: string, stream: LogEntry["stream"]): Level;
}

/**
 * Makes a reader that gives the lines of a traceback, and whatever else is indented below a line, the level of the line
 * that they go on from: a filter for errors would show its head alone.
 *
 * A line with a level of its own keeps it, and lines with neither level nor indent are nobody's.
 */
export function createLevelReader(): LevelReader {
  const begun = new Map<string, Begun>();
  const remember = (source: string, one: Begun): void => {
    begun.delete(source);
    begun.set(source, one);
    if (begun.size > MOST_SOURCES) begun.delete(begun.keys().next().value!);
  };
  return {
    read: (source, text, stream) => {
      const own = detectLevel(text, "stdout");
      const before = begun.get(source);
      const continues = before !== undefined && before.count < MOST_CONTINUED && goesOn(before, text);
      const head = PYTHON_HEAD.test(text);
      if (continues && !head && (own === "none" || INDENTED.test(text))) {
        before.count += 1;
        return own === "none" ? before.level : own;
      }
      if (own === "none") {
        begun.delete(source);
        return detectLevel(text, stream);
      }
      // The exception behind the frames says its level itself, and the next one of a chain may follow.
      remember(source, { level: own, python: head ? "raised" : continues ? before.python : "no", count: 0 });
      return own;
    },
  };
}

function goesOn(before: Begun, text: string): boolean {
  if (INDENTED.test(text)) return true;
  if (before.python === "raised" && PYTHON_RAISED.test(text)) {
    before.python = "chain";
    return true;
  }
  if (before.python === "chain") return text === "" || PYTHON_CHAIN.test(text);
  return before.count > 0 && CLOSING.test(text);
}
