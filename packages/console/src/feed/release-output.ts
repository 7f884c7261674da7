import type { Deployer } from "@deploy/core";
import type { NewLine, StoredStream } from "../store/types.js";
import { pauseFor } from "./backoff.js";
import type { LinePreparer } from "./prepare-line.js";
import type { StreamWriter } from "./stream-writer.js";

/** What the output of releases is fetched with. */
export interface ReleaseOutputOptions {
  readonly deployer: Deployer;
  readonly stream: StoredStream;
  readonly writer: StreamWriter;
  readonly preparer: LinePreparer;
  readonly everyMs: number;
}

const source = "releases";
/** At the first start only so many of the newest releases are asked for: each is a request or two. */
const mostAtFirst = 20;
/** The output of one release, in lines; it is stored in one write, so that it is there whole or not at all. */
const mostLines = 20_000;

/**
 * Fetches the output of builds and release commands of each release, once, where the provider keeps it apart from the
 * other lines. Everywhere else it comes with those, and nothing is asked.
 */
export function collectReleaseOutput(options: ReleaseOutputOptions): { close(): Promise<void> } {
  const { deployer, stream, writer, preparer, everyMs } = options;
  const apart = deployer.environment.providers.logs.logs?.capabilities.releaseOutputApart ?? [];
  const closing = new AbortController();
  const { signal } = closing;
  let done = Number(stream.checkpoint(source) ?? 0);

  const fetchOne = async (release: number): Promise<void> => {
    const lines: NewLine[] = [];
    for await (const line of deployer.logs({ release, processes: apart, signal })) {
      lines.push(preparer.prepare(line));
      if (lines.length === mostLines) break;
    }
    if (signal.aborted) return;
    await writer.write(lines, { source, cursor: String(release) });
    done = release;
  };

  const look = async (): Promise<void> => {
    const releases = [...(await deployer.releases())].sort((one, other) => one.number - other.number);
    for (const { number, state } of releases.slice(-mostAtFirst)) {
      // One that is under way goes on printing; those behind it wait for their turn.
      if (state === "pending" || signal.aborted) return;
      if (number > done) await fetchOne(number);
    }
  };

  const run = async (): Promise<void> => {
    while (apart.length > 0 && !signal.aborted) {
      // What cannot be had now is asked for again; the state of the feed tells what is wrong with the provider.
      await look().catch(() => undefined);
      await pauseFor(everyMs, signal);
    }
  };
  const running = run();
  return {
    close: async () => {
      closing.abort();
      await running;
    },
  };
}
