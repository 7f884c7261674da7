import type {
  HistogramBucket,
  LogEntry,
  LogFilter,
  LogPage,
  ReleaseBoundary,
  SearchStep,
} from "../shared/log-types.js";

/** Which stream of lines: one per app and environment. */
export interface StreamKey {
  readonly app: string;
  readonly environment: string;
}

/** A line that is to be stored: it has no number yet. */
export type NewLine = Omit<LogEntry, "seq">;

/** How a source of lines goes on after a restart: written with the lines, so that none is lost and none comes twice. */
export interface Checkpoint {
  /** Names the source within its stream, such as `logs`. */
  readonly source: string;
  /** Opaque. */
  readonly cursor: string;
}

/** How much of the history is kept. */
export interface RetentionLimits {
  readonly days: number;
  readonly bytes: number;
}

/** How the store is. */
export type StoreState =
  | { readonly state: "writable" }
  /** Disk full, or something that cannot be read: what is there can be read on, `reason` and `hint` are for a person. */
  | { readonly state: "read-only"; readonly reason: string; readonly hint: string };

/** What a stream holds. */
export interface StreamBounds {
  readonly lines: number;
  readonly bytes: number;
  readonly oldestSeq?: number;
  readonly newestSeq?: number;
  readonly oldestTime?: number;
  readonly newestTime?: number;
}

/** Where to read, and how much. */
export interface ReadQuery {
  /** At most so many lines. */
  readonly limit: number;
  readonly filter?: LogFilter;
  /** Behind this number, forwards. */
  readonly after?: number;
  /** Before this number, backwards. */
  readonly before?: number;
  /** Around this number, itself included; half of the limit on each side. */
  readonly around?: number;
  /** From the first line at or after this time on. */
  readonly at?: number;
}

/** The history of one environment. None of the three: the newest lines. */
export interface StoredStream {
  /**
   * Stores lines; resolves once they are on disk, with the first of their numbers, which follow each other.
   *
   * Calls that come together are written together. Throws `console.store-read-only`.
   */
  append(lines: readonly NewLine[], checkpoint?: Checkpoint): Promise<number>;
  /** The cursor that was stored last for a source. */
  checkpoint(source: string): string | undefined;
  bounds(): StreamBounds;
  read(query: ReadQuery): Promise<LogPage>;
  /**
   * Goes backwards from `before` (default: the end) until `limit` hits were found, newest first in each step.
   *
   * Throws `console.bad-pattern`, and the signal's reason once it is aborted.
   */
  search(
    filter: LogFilter,
    options: { readonly limit: number; readonly before?: number; readonly signal?: AbortSignal },
  ): AsyncIterable<SearchStep>;
  /** Everything that matches, oldest first, in pages; for downloads. */
  all(filter: LogFilter, signal?: AbortSignal): AsyncIterable<readonly LogEntry[]>;
  /** Counts by level between `since` and `until`; `filter.text` is not looked at. */
  histogram(query: {
    readonly since: number;
    readonly until: number;
    readonly buckets: number;
    readonly filter?: LogFilter;
  }): Promise<readonly HistogramBucket[]>;
  releases(): readonly ReleaseBoundary[];
  /** The names of processes and instances that the kept history has. */
  names(): { readonly processes: readonly string[]; readonly instances: readonly string[] };
}

/** The embedded store of lines: one directory, no other service. */
export interface LogStore {
  stream(key: StreamKey): Promise<StoredStream>;
  /** Streams that have something stored. */
  streams(): Promise<readonly StreamKey[]>;
  state(): StoreState;
  /** Called whenever the state changes; answers with how to stop. */
  onState(listener: (state: StoreState) => void): () => void;
  /** Removes what is older or larger than the limits allow; also done by itself once in a while. */
  prune(): Promise<void>;
  close(): Promise<void>;
}

/** What a store is made with. */
export interface LogStoreOptions {
  readonly directory: string;
  readonly limits: RetentionLimits;
  /** Milliseconds since 1970; default `Date.now`. */
  readonly now?: () => number;
}
