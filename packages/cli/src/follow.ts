import type { Operation } from "@deploy/core";
import type { CommandContext } from "./context.js";
import { publishRun, type RunAbout } from "./publish/index.js";
import { createLineReporter } from "./render/line-reporter.js";
import { createLiveReporter } from "./render/live-reporter.js";
import { createRunAccount, type RunAccount } from "./render/progress-state.js";
import type { Reporter } from "./render/reporter.js";

/**
 * Shows an operation while it runs, and answers with its result.
 *
 * With `--json` each event is a line of JSON on stdout, and the command prints the result as the last one. Ctrl-C once
 * stops it: calls in flight finish, and what was done is said. `resume` is the command that goes on. With `about` the
 * console is told of it, where one is known.
 */
export async function follow<Result>(
  context: CommandContext,
  operation: Operation<Result>,
  resume: string,
  about?: RunAbout,
): Promise<Result> {
  const account = createRunAccount();
  const reporter = createReporter(context);
  const publisher = await publishRun(about, (text) => reporter.note(text));
  const stopListening = context.interruption.onFirst(() =>
    reporter.note("stopping: waiting for calls in flight; Ctrl-C again exits at once"),
  );
  const restoreTerminal = context.interruption.onExit(() => reporter.close());
  try {
    for await (const event of operation) {
      account.record(event);
      publisher.event(event);
      await reporter.event(event);
    }
    const result = await operation.result;
    await publisher.end("done", releaseOf(result));
    return result;
  } catch (error) {
    await publisher.end(context.interruption.signal.aborted ? "cancelled" : "failed");
    reporter.close();
    if (context.interruption.signal.aborted) await sayWhatWasDone(context, account, resume);
    throw error;
  } finally {
    reporter.close();
    stopListening();
    restoreTerminal();
  }
}

function createReporter({ json, terminal, style }: CommandContext): Reporter {
  if (json) {
    return {
      event: (event) => terminal.stdout.write(`${JSON.stringify(event)}\n`),
      note: () => {},
      close: () => {},
    };
  }
  return terminal.stderr.animated
    ? createLiveReporter(terminal.stderr, style.stderr)
    : createLineReporter(terminal.stderr, style.stderr);
}

/** The release that is in service since, where the result names one. */
function releaseOf(result: unknown): number | undefined {
  if (typeof result !== "object" || result === null || !("release" in result)) return undefined;
  return typeof result.release === "number" ? result.release : undefined;
}

async function sayWhatWasDone(context: CommandContext, account: RunAccount, resume: string): Promise<void> {
  const list = (labels: readonly string[]): string => (labels.length === 0 ? "nothing" : labels.join(", "));
  await context.say(`done before it was stopped: ${list(account.done)}`);
  if (account.skipped.length > 0) await context.say(`not started: ${list(account.skipped)}`);
  await context.say(`to go on: ${resume}`);
}
