import type { LogQuery } from "@deploy/core";
import type { CommandContext } from "../context.js";
import { EXIT } from "../exit-codes.js";
import { type Flags, parseMoment } from "../flags.js";
import { createLogFormatter } from "../render/log-line.js";

const DEFAULT_LINES = 100;

/** `deploy logs`: reads or follows what the app prints. */
export async function run(context: CommandContext): Promise<number> {
  const query = logQuery(context.words, context.flags);
  const deployer = await context.deployer();
  const { stdout } = context.terminal;
  const format = createLogFormatter(context.style.stdout, stdout.isTerminal && stdout.colour);
  const { signal } = context.interruption;
  let lines = 0;
  try {
    for await (const line of deployer.logs(query)) {
      // Waiting for each write is what carries back-pressure to the source.
      await stdout.write(context.json ? `${JSON.stringify(line)}\n` : `${format(line)}\n`);
      lines += 1;
      if (signal.aborted) break;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  if (signal.aborted) return EXIT.cancelled;
  if (lines === 0) await context.say("no lines");
  return EXIT.done;
}

/** What the arguments and flags of `logs` ask for. Throws `usage.bad-time`, `usage.bad-number`. */
export function logQuery(words: readonly string[], flags: Flags, now: number = Date.now()): LogQuery {
  const since = flags.text("since");
  const until = flags.text("until");
  const instance = flags.text("instance");
  const contains = flags.text("grep");
  const release = flags.count("release");
  const narrowed =
    since !== undefined || until !== undefined || release !== undefined || contains !== undefined;
  const last = flags.count("last") ?? (narrowed ? undefined : DEFAULT_LINES);
  return {
    ...(words.length === 0 ? {} : { processes: words }),
    ...(since === undefined ? {} : { since: parseMoment(since, "--since", now) }),
    ...(until === undefined ? {} : { until: parseMoment(until, "--until", now) }),
    ...(instance === undefined ? {} : { instance }),
    ...(contains === undefined ? {} : { contains }),
    ...(release === undefined ? {} : { release }),
    ...(last === undefined ? {} : { last }),
    ...(flags.has("follow") ? { follow: true } : {}),
  };
}
