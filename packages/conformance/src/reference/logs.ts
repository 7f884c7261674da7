import { type Context, DeployError, type LogLine, type LogQuery, type Logs, type Scope } from "@deploy/core";
import { call, keyOf, type Surroundings } from "./api.js";
import type { HeldLine } from "./vendor-state.js";

/** Milliseconds that one call of a follower waits for lines. */
const longPoll = 200;

/** Element four of the reference provider. */
export function createLogs(own: Surroundings): Logs {
  return {
    capabilities: {
      follow: true,
      history: true,
      releaseOutput: true,
      resume: true,
      retention: "For as long as the vendor lives.",
    },
    read: (context, scope, query) => readLines(own, context, scope, query),
  };
}

async function* readLines(
  own: Surroundings,
  context: Context,
  scope: Scope,
  query: LogQuery,
): AsyncGenerator<LogLine> {
  let after = query.after === undefined ? 0 : numberOf(query.after);
  const get = async (wait: number): Promise<readonly HeldLine[]> => {
    const parameters = { after: String(after), wait: String(wait) };
    const lines = await call<HeldLine[]>(own, context, "GET", ["scopes", keyOf(scope), "lines"], {
      query: parameters,
      code: "logs",
    });
    after = lines.at(-1)?.number ?? after;
    return lines;
  };
  const matching = (lines: readonly HeldLine[]): readonly LogLine[] =>
    lines.filter((line) => matches(line, query)).map(shown);
  let last: LogLine[] = [];
  for (;;) {
    const lines = await get(0);
    if (lines.length === 0) break;
    if (query.last === undefined) yield* matching(lines);
    else last = query.last === 0 ? [] : [...last, ...matching(lines)].slice(-query.last);
  }
  yield* last;
  while (query.follow === true) yield* matching(await get(longPoll));
}

function numberOf(cursor: string): number {
  const found = /^line-(\d+)$/.exec(cursor);
  if (found !== null) return Number(found[1]);
  throw new DeployError({
    code: "logs.bad-cursor",
    message: "That cursor was not made by this provider.",
    hint: "Read without it.",
  });
}

function matches(line: HeldLine, query: LogQuery): boolean {
  const time = new Date(line.time);
  return (
    (query.processes?.includes(line.process) ?? true) &&
    (query.instance === undefined || query.instance === `${line.process}.1`) &&
    (query.release === undefined || query.release === line.release) &&
    (query.since === undefined || time >= query.since) &&
    (query.until === undefined || time < query.until) &&
    (query.contains === undefined || line.text.toLowerCase().includes(query.contains.toLowerCase()))
  );
}

function shown(line: HeldLine): LogLine {
  const { time, process, release, text, number } = line;
  return {
    time,
    process,
    instance: `${process}.1`,
    release,
    stream: "stdout",
    text,
    cursor: `line-${number}`,
  };
}
