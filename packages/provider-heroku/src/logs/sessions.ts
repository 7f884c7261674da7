import { type Context, DeployError, retry, type Scope } from "@deploy/core";
import { path } from "../api.js";
import type { HerokuLogSession } from "../api-types.js";
import { appOf, type Surroundings } from "../surroundings.js";
import { readLines } from "./line-reader.js";
import { type HerokuLine, parseLine } from "./parse-line.js";

/** What Heroku leaves out by itself. */
export interface SessionFilter {
  /** `web.1`. */
  readonly dyno?: string;
  /** `app` or `heroku`. */
  readonly source?: string;
}

/** One log session. */
export interface SessionOptions extends SessionFilter {
  /** Lines before those that come. */
  readonly lines: number;
  /** Stay open for what comes. */
  readonly tail: boolean;
}

/** Milliseconds until the first byte has to be there. */
const openMs = 30_000;
/**
 * Milliseconds without a byte after which a followed session is made anew: a connection may die without a word, and a
 * new one costs a call and no line.
 */
const silentMs = 10 * 60_000;

/**
 * The lines of one log session. Its address is a secret that everybody could read the log with: it is in no message,
 * and no error of `fetch`, which would have it, is passed on.
 *
 * @throws `logs.unavailable` (retryable) when it cannot be opened or is cut; what making a session throws.
 */
export async function* readSession(
  own: Surroundings,
  context: Context,
  scope: Scope,
  options: SessionOptions,
): AsyncGenerator<HerokuLine, void, undefined> {
  const { dyno, source, lines, tail } = options;
  const app = appOf(own, scope);
  const body = {
    lines,
    tail,
    ...(dyno === undefined ? {} : { dyno }),
    ...(source === undefined ? {} : { source }),
  };
  // A session that nobody opens costs nothing: making it is safe to repeat.
  const session = await retry(context, () =>
    own.api.post<HerokuLogSession>(context, path`/apps/${app}/log-sessions`, body, { version: "3.sdk" }),
  );
  const stop = new AbortController();
  const onAbort = (): void => stop.abort();
  context.signal.addEventListener("abort", onAbort, { once: true });
  let timer = setTimeout(onAbort, openMs);
  try {
    const response = await open(context, session.logplex_url, stop.signal);
    for await (const text of readLines(alive(response, tail ? silentMs : openMs))) {
      const line = parseLine(text);
      if (line !== undefined) yield line;
    }
  } catch (error) {
    if (context.signal.aborted) throw context.signal.reason;
    throw DeployError.is(error) ? error : unavailable(undefined);
  } finally {
    clearTimeout(timer);
    context.signal.removeEventListener("abort", onAbort);
    stop.abort();
  }

  /** The bytes; while none come, the clock runs, but not while the reader takes his time. */
  async function* alive(body_: AsyncIterable<Uint8Array>, patience: number): AsyncGenerator<Uint8Array> {
    const pieces = body_[Symbol.asyncIterator]();
    try {
      for (;;) {
        clearTimeout(timer);
        timer = setTimeout(onAbort, patience);
        const { done, value } = await pieces.next();
        clearTimeout(timer);
        if (done === true) return;
        yield value;
      }
    } finally {
      await pieces.return?.();
    }
  }
}

async function open(context: Context, url: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  const response = await context.fetch(url, { signal, headers: { accept: "text/plain" } });
  if (response.ok && response.body !== null) return response.body as unknown as AsyncIterable<Uint8Array>;
  await response.body?.cancel();
  throw unavailable(response.status);
}

function unavailable(status: number | undefined): DeployError {
  return new DeployError({
    code: "logs.unavailable",
    message: `Heroku's log session ${status === undefined ? "was cut" : `could not be opened (${status})`}.`,
    hint: "Run the same again.",
    retryable: true,
  });
}
