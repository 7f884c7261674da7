import type { FeedState, LogEntry } from "../shared/log-types.js";
import type { StreamKey } from "../store/types.js";

/** Brings lines from the providers into the store, and hands on what has been stored. */
export interface Feed {
  /** How the lines of an environment come. */
  state(key: StreamKey): FeedState;
  /** Called with lines once they are stored, in order, without gap, from the moment of the call on. */
  subscribe(key: StreamKey, listener: (lines: readonly LogEntry[]) => void): () => void;
  onState(key: StreamKey, listener: (state: FeedState) => void): () => void;
  close(): Promise<void>;
}
