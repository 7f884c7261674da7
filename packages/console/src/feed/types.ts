import type { FeedState, LogEntry } from "../shared/log-types.js";
import type { NewLine, StreamKey } from "../store/types.js";

/** Brings lines from the providers into the store, and hands on what has been stored. */
export interface Feed {
  /** How the lines of an environment come. */
  state(key: StreamKey): FeedState;
  /** Called with lines once they are stored, in order, without gap, from the moment of the call on. */
  subscribe(key: StreamKey, listener: (lines: readonly LogEntry[]) => void): () => void;
  onState(key: StreamKey, listener: (state: FeedState) => void): () => void;
  /**
   * Stores lines that come another way, such as the output of a build on somebody's own machine: secrets taken out,
   * in one order with the provider's, handed on like those. Throws `console.store-read-only`.
   */
  ingest(key: StreamKey, lines: readonly Omit<NewLine, "level">[]): Promise<void>;
  /** Stops reading; what has come is stored before. */
  close(): Promise<void>;
}
