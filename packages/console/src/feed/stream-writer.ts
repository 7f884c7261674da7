import type { LogEntry } from "../shared/log-types.js";
import type { Checkpoint, NewLine, StoredStream } from "../store/types.js";

/** Stores the lines of one environment, one write after the other, and hands on what has been stored. */
export interface StreamWriter {
  /** Resolves once the lines are on disk and were handed on. Throws `console.store-read-only`. */
  write(lines: readonly NewLine[], checkpoint?: Checkpoint): Promise<void>;
}

/** Makes a writer; `publish` is called in the order of the numbers, never before the lines are stored. */
export function createStreamWriter(
  stream: StoredStream,
  publish: (lines: readonly LogEntry[]) => void,
): StreamWriter {
  let last: Promise<unknown> = Promise.resolve();
  const store = async (lines: readonly NewLine[], checkpoint: Checkpoint | undefined): Promise<void> => {
    if (lines.length === 0) return;
    const first = await stream.append(lines, checkpoint);
    publish(lines.map((line, index) => ({ seq: first + index, ...line })));
  };
  return {
    write: (lines, checkpoint) => {
      const written = last.then(() => store(lines, checkpoint));
      last = written.catch(() => undefined);
      return written;
    },
  };
}
