import type { FeedState, LogEntry } from "../shared/log-types.js";
import type { Checkpoint, NewLine, StreamKey } from "../store/types.js";

/** Brings lines from the providers into the store, and hands on what has been stored. */
export interface Feed {
  /** How the lines of an environment come. */
  state(key: StreamKey): FeedState;
  /** Called with lines once they are stored, in order, without gap, from the moment of the call on. */
  subscribe(key: StreamKey, listener: (lines: readonly LogEntry[]) => void): () => void;
  onState(key: StreamKey, listener: (state: FeedState) => void): () => void;
  /**
   * A text without the secrets of an environment. Texts of one `source`, any name, have to come in order: a private key
   * may be printed over many.
   */
  clean(key: StreamKey, source: string, text: string): string;
  /**
   * Stores lines that come another way, such as the output of a build on somebody's own machine: secrets taken out,
   * in one order with the provider's, handed on like those. With a checkpoint that is stored already it does nothing.
   * Throws `console.store-read-only`.
   */
  ingest(key: StreamKey, lines: readonly Omit<NewLine, "level">[], checkpoint?: Checkpoint): Promise<void>;
  /** Stops reading; what has come is stored before. */
  close(): Promise<void>;
}
