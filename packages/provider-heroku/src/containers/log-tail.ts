import { type Context, DeployError } from "@deploy/core";
import { path } from "../api.js";
import type { HerokuLogSession } from "../api-types.js";
import { shownLines } from "../images/docker.js";
import { readLines } from "../logs/line-reader.js";
import { type HerokuLine, parseLine } from "../logs/parse-line.js";
import type { Surroundings } from "../surroundings.js";

/** Milliseconds that looking at the log for an error message may take. */
const lookMs = 10_000;

/**
 * The newest lines of an app's log, oldest first, for the message of an error. Never throws: without them the error says
 * less, and that is all.
 *
 * @param wanted which lines count; the last 30 of them are kept.
 */
export async function lastLines(
  own: Surroundings,
  context: Context,
  app: string,
  wanted: (line: HerokuLine) => boolean,
): Promise<readonly HerokuLine[]> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), lookMs);
  const onAbort = (): void => stop.abort();
  context.signal.addEventListener("abort", onAbort, { once: true });
  try {
    const asked = { ...context, signal: stop.signal };
    const body = { lines: 500, tail: false };
    const session = await own.api.post<HerokuLogSession>(asked, path`/apps/${app}/log-sessions`, body, {
      version: "3.sdk",
    });
    const response = await context.fetch(session.logplex_url, { signal: stop.signal });
    if (!response.ok || response.body === null) return [];
    const lines: HerokuLine[] = [];
    for await (const text of readLines(response.body as unknown as AsyncIterable<Uint8Array>)) {
      const line = parseLine(text);
      if (line === undefined || !wanted(line)) continue;
      lines.push(line);
      if (lines.length > shownLines) lines.shift();
    }
    return lines;
  } catch {
    return [];
  } finally {
    clearTimeout(timer);
    context.signal.removeEventListener("abort", onAbort);
  }
}

/** The exit code that the platform has written into these lines, the last one first. */
function exitCodeIn(lines: readonly HerokuLine[]): number | undefined {
  const found = lines.findLast((line) => /^Process exited with status \d+/.test(line.text));
  return found === undefined ? undefined : Number(/\d+/.exec(found.text)![0]);
}

/** Heroku's own code of what went wrong: `R10`, `H10`, `R14` (Dev Center, "Heroku Error Codes"). */
function errorCodeIn(lines: readonly HerokuLine[]): string | undefined {
  for (const line of lines.toReversed()) {
    if (line.source !== "heroku") continue;
    const found = /^Error ([RL]\d+) /.exec(line.text) ?? /\bcode=(H\d+)\b/.exec(line.text);
    if (found !== null) return found[1];
  }
  return undefined;
}

/** Lines as part of an error's message, what is not printable left out. */
function quoteLines(lines: readonly HerokuLine[]): string {
  return lines.map(({ emitter, text }) => `  ${emitter} ${text.replace(/[\p{Cc}\p{Cf}]/gu, "")}`).join("\n");
}

/** What to do about each of Heroku's codes, as far as a deployment meets them. */
const advice: Readonly<Record<string, string>> = {
  R10: "Let web listen on the port in $PORT, on 0.0.0.0, within 60 seconds.",
  R11: "web did not answer its health check at the bound port.",
  R14: "It uses more memory than its dyno has: take a larger size, or less memory.",
  R15: "It used twice the memory of its dyno and was killed: take a larger size, or less memory.",
  H10: "web has crashed: its last lines say why.",
  H14: "No web dyno runs: scale web to 1 or more.",
  H20: "web did not start within 75 seconds.",
};

/** An error of a process, with what the log says about it. */
export function processError(options: {
  readonly code: string;
  readonly what: string;
  readonly hint: string;
  readonly lines: readonly HerokuLine[];
}): DeployError {
  const { lines } = options;
  const exitCode = exitCodeIn(lines);
  const herokuCode = errorCodeIn(lines);
  const why = [herokuCode, exitCode === undefined ? undefined : `exit code ${exitCode}`]
    .filter(Boolean)
    .join(", ");
  const last = lines.length === 0 ? "" : `\n${quoteLines(lines)}`;
  return new DeployError({
    code: options.code,
    message: `${options.what}${why === "" ? "" : ` (${why})`}.${last}`,
    hint: (herokuCode === undefined ? undefined : advice[herokuCode]) ?? options.hint,
    ...(herokuCode === undefined ? {} : { docs: "https://devcenter.heroku.com/articles/error-codes" }),
    details: {
      ...(exitCode === undefined ? {} : { exitCode }),
      ...(herokuCode === undefined ? {} : { herokuCode }),
      lastLines: lines.map(({ text }) => text),
    },
  });
}
