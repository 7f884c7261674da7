import { type Context, DeployError, isRedacted } from "@deploy/core";
import type { Call } from "./instrument.js";

/** Everything a provider has said in a scenario: errors, log lines, differences, answers. */
export interface Transcript {
  /** Values that must not be found in it from now on. */
  keepSecret(value: string): void;
  note(where: string, what: unknown): void;
  /** Looks at a call as it passes. */
  watch(call: Call, run: (args?: readonly unknown[]) => unknown): unknown;
  /** Where a secret was found, one line each; empty when there was none. */
  leaks(): readonly string[];
}

/** Calls whose answer is the app's own words, or a state that is only shown through `diff`. */
const notQuoted = new Set([
  "logs.read",
  "containers.run",
  "resource.read",
  "resource.create",
  "resource.update",
  "resource.adopt",
  "lease.acquire",
]);

/** An empty transcript. */
export function createTranscript(): Transcript {
  const secrets = new Set<string>();
  const entries: { readonly where: string; readonly text: string }[] = [];
  const note = (where: string, what: unknown): void => {
    entries.push({ where, text: textOf(what) });
  };
  const noteError = (where: string, thrown: unknown): never => {
    note(`error of ${where}`, thrown);
    throw thrown;
  };
  return {
    keepSecret: (value) => {
      // Shorter ones would be found by chance.
      if (value.length >= 6) secrets.add(value);
    },
    note,
    watch(call, run) {
      const where = call.id === undefined ? call.path : `${call.path} ${call.id}`;
      const args = call.args.map((one) => (isContext(one) ? listening(one, where, note) : one));
      try {
        const result = run(args);
        if (result instanceof Promise) {
          return result.then(
            (value) => {
              if (!notQuoted.has(call.path)) note(where, value);
              return value;
            },
            (thrown) => noteError(where, thrown),
          );
        }
        if (!notQuoted.has(call.path)) note(where, result);
        return isAsyncIterable(result) ? overhear(result, (thrown) => noteError(where, thrown)) : result;
      } catch (thrown) {
        return noteError(where, thrown);
      }
    },
    leaks: () => {
      const spellings = [...secrets].flatMap((secret) =>
        spellingsOf(secret).map((text) => ({ secret, text })),
      );
      const found = entries.flatMap(({ where, text }) =>
        spellings.some((one) => text.includes(one.text)) ? [where] : [],
      );
      return [...new Set(found)];
    },
  };
}

/** As it is, as JSON, in a URL and as base64: how a secret gets into a message. */
function spellingsOf(secret: string): readonly string[] {
  const base64 = Buffer.from(secret).toString("base64").replace(/=+$/, "");
  return [...new Set([secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret), base64])];
}

function isContext(value: unknown): value is Context {
  return (
    typeof value === "object" && value !== null && "signal" in value && "shared" in value && "log" in value
  );
}

function listening(context: Context, where: string, note: Transcript["note"]): Context {
  return {
    ...context,
    log: (line) => {
      note(`log of ${where}`, line);
      context.log(line);
    },
  };
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

async function* overhear<T>(
  source: AsyncIterable<T>,
  onError: (thrown: unknown) => never,
): AsyncGenerator<T> {
  try {
    yield* source;
  } catch (thrown) {
    onError(thrown);
  }
}

/** Everything that could be shown of a value, cause chains and hidden members of errors included. */
function textOf(value: unknown): string {
  const parts: string[] = [];
  const seen = new Set<unknown>();
  const open: unknown[] = [value];
  while (open.length > 0 && parts.length < 10_000) {
    const one = open.pop();
    if (isRedacted(one) || one === undefined || one === null) continue;
    if (typeof one !== "object") {
      if (typeof one !== "function") parts.push(String(one));
      continue;
    }
    if (seen.has(one)) continue;
    seen.add(one);
    if (one instanceof Uint8Array) continue;
    if (one instanceof Error) {
      parts.push(one.message, one.stack ?? "");
      open.push(one.cause, ...(DeployError.is(one) ? [one.hint, one.docs, one.details, one.problems] : []));
      for (const key of Object.getOwnPropertyNames(one))
        open.push((one as unknown as Record<string, unknown>)[key]);
    } else {
      for (const [key, member] of Object.entries(one)) {
        // A resource is quoted by what a plan shows of it; its gates and verbs are looked at on their own.
        if (key !== "after" && key !== "needs") open.push(key, member);
      }
    }
  }
  return parts.join("\n");
}
