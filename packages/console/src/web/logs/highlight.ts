/**
 * Where a search text stands in a line. A plain text is found at once; a regular expression runs in a worker that is
 * ended when it takes too long, because an address with a hostile one may come from anybody.
 *
 * @module
 */

import { type Signal, signal } from "@preact/signals";
import { type Range, rangesOf, type Wanted } from "./ranges.js";

/** Finds matches in the lines that are shown. */
export interface Highlighter {
  /** Changes when answers have come. */
  readonly version: Signal<number>;
  /** Why nothing is marked. */
  readonly problem: Signal<string>;
  find(text: string): readonly Range[];
  close(): void;
}

/** How long the worker may take for the lines of one frame, in milliseconds. */
const PATIENCE = 400;
const NONE: readonly Range[] = [];

/** A highlighter; without a text it finds nothing. */
export function createHighlighter(wanted: Wanted | undefined): Highlighter {
  const version = signal(0);
  const problem = signal("");
  if (wanted === undefined || wanted.text === "") {
    return { version, problem, find: () => NONE, close: () => {} };
  }
  if (!wanted.regex) {
    const pattern = new RegExp(
      wanted.text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"),
      wanted.caseSensitive ? "gu" : "giu",
    );
    return { version, problem, find: (text) => rangesOf(pattern, text), close: () => {} };
  }
  return inWorker(wanted, version, problem);
}

function inWorker(wanted: Wanted, version: Signal<number>, problem: Signal<string>): Highlighter {
  const known = new Map<string, readonly Range[]>();
  let asked: string[] = [];
  let scheduled = false;
  let worker: Worker | undefined = new Worker(new URL("./match-worker.ts", import.meta.url), {
    type: "module",
  });
  let timer: ReturnType<typeof setTimeout> | undefined;

  const stop = (why: string): void => {
    worker?.terminate();
    worker = undefined;
    clearTimeout(timer);
    problem.value = why;
  };
  worker.onmessage = (event: MessageEvent<{ texts?: string[]; ranges?: Range[][] }>) => {
    clearTimeout(timer);
    const { texts, ranges } = event.data;
    if (texts === undefined || ranges === undefined) {
      stop("Matches are not marked: the browser cannot read this expression.");
      return;
    }
    if (known.size > 5000) known.clear();
    for (const [index, text] of texts.entries()) known.set(text, ranges[index]!);
    version.value++;
  };
  const send = (): void => {
    scheduled = false;
    if (worker === undefined || asked.length === 0) return;
    worker.postMessage({ ...wanted, texts: asked });
    asked = [];
    clearTimeout(timer);
    timer = setTimeout(
      () => stop("Matches are not marked: this expression takes the browser too long."),
      PATIENCE,
    );
  };
  return {
    version,
    problem,
    find(text) {
      const found = known.get(text);
      if (found !== undefined) return found;
      if (worker !== undefined) {
        known.set(text, NONE);
        asked.push(text);
        if (!scheduled) {
          scheduled = true;
          setTimeout(send, 16);
        }
      }
      return NONE;
    },
    close: () => stop(""),
  };
}
