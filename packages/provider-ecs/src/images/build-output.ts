import type { Context, Scope } from "@deploy/core";
import { type StoredLine, storeLines } from "../logs/store-lines.js";
import type { Parts } from "../parts.js";

/** Output of a build that is kept in memory, characters; of a longer one the end. */
const mostKept = 4_000_000;
/** The log is not waited for longer than this, milliseconds: a build has nothing to do with it. */
const storedWithinMs = 10_000;

/** Output of a build, passed on as it comes and kept to be stored. */
export interface BuildOutput {
  /** What is built with. */
  readonly context: Context;
  /** Puts what was kept into a stream of the log; never fails, and says when it could not. */
  store(parts: Pick<Parts, "clients">, scope: Scope, stream: string): Promise<void>;
}

/** Keeps what a build prints. */
export function keepOutput(context: Context): BuildOutput {
  let lines: StoredLine[] = [];
  let characters = 0;
  let dropped = 0;
  let last = 0;
  const output: Context["output"] = (text, stream) => {
    context.output(text, stream);
    // A clock that is set back would have the whole batch refused.
    last = Math.max(last, context.clock.now());
    lines.push({ time: last, text });
    characters += text.length;
    if (characters > 2 * mostKept) trim();
  };
  const trim = (): void => {
    let from = 0;
    for (; characters > mostKept; from += 1) characters -= lines[from]?.text.length ?? 0;
    lines = lines.slice(from);
    dropped += from;
  };
  return {
    context: { ...context, output },
    async store(parts, scope, stream) {
      if (characters > mostKept) trim();
      const [first] = lines;
      if (first === undefined) return;
      const left = { time: first.time, text: `… ${dropped} earlier lines of this build are not stored` };
      const signal = AbortSignal.any([context.signal, AbortSignal.timeout(storedWithinMs)]);
      const all = dropped === 0 ? lines : [left, ...lines];
      await storeLines(parts, { ...context, signal }, scope, stream, all).catch((error: unknown) => {
        context.log(
          `The output of the build was not stored: ${error instanceof Error ? error.message : String(error)}`,
        );
      });
    },
  };
}
