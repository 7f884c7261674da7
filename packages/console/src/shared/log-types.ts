/**
 * What server and browser both know of log lines; nothing here may import from node.
 *
 * @module
 */

/** How grave a line is, as far as its text tells; `none` where it tells nothing. */
export type Level = "fatal" | "error" | "warn" | "info" | "debug" | "trace" | "none";

/** All levels, gravest first. */
export const LEVELS: readonly Level[] = ["fatal", "error", "warn", "info", "debug", "trace", "none"];

/** A stored line. */
export interface LogEntry {
  /** Its number in its environment: 1, 2, 3 … in the order they were stored, never used twice; what a permalink names. */
  readonly seq: number;
  /** Milliseconds since 1970, as the process's platform says. */
  readonly time: number;
  readonly process: string;
  /** `web.1`. */
  readonly instance: string;
  readonly release?: number;
  readonly stream: "stdout" | "stderr" | "system";
  readonly level: Level;
  /** As the process wrote it, secrets redacted: untrusted, may hold escape sequences. At most 1 MB. */
  readonly text: string;
}

/** What somebody has said of a process: its lines whose text tells `from` are `to`. */
export interface Relabel {
  readonly process: string;
  readonly from: Level;
  readonly to: Level;
}

/** Which lines are wanted; every field narrows, but for `relabels`. */
export interface LogFilter {
  readonly processes?: readonly string[];
  readonly instances?: readonly string[];
  readonly releases?: readonly number[];
  readonly streams?: readonly LogEntry["stream"][];
  readonly levels?: readonly Level[];
  /** What `levels` asks for, and what is counted, is the level by these. Of two for the same the first counts. */
  readonly relabels?: readonly Relabel[];
  /** Milliseconds since 1970: lines at or after. */
  readonly since?: number;
  /** Lines before. */
  readonly until?: number;
  readonly text?: string;
  /** `text` is a regular expression, run in linear time. Default false. */
  readonly regex?: boolean;
  /** Default false. */
  readonly caseSensitive?: boolean;
  /** Lines that do not match `text`. Default false. */
  readonly invert?: boolean;
}

/** A piece of the history, oldest line first. */
export interface LogPage {
  readonly lines: readonly LogEntry[];
  /** More that match lie before the first line. */
  readonly hasOlder: boolean;
  /** More that match lie behind the last line. */
  readonly hasNewer: boolean;
  /** The first number that is still kept: what lies before has been removed by retention. Absent: nothing is stored. */
  readonly oldestSeq?: number;
  /** The last number that is stored. */
  readonly newestSeq?: number;
}

/** Where a release begins in the stream. */
export interface ReleaseBoundary {
  readonly release: number;
  readonly seq: number;
  readonly time: number;
}

/** How many lines there were in a stretch of time, by level. */
export interface HistogramBucket {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
  readonly counts: Readonly<Partial<Record<Level, number>>>;
}

/** What a search tells while it goes backwards through the history. One JSON line each. */
export type SearchStep =
  | { readonly type: "hits"; readonly lines: readonly LogEntry[] }
  /** So far back it has looked, and at so many lines. */
  | { readonly type: "progress"; readonly scanned: number; readonly seq: number; readonly time: number }
  /** `complete`: the beginning was reached; else the limit of hits, and `seq` is where to go on before. */
  | { readonly type: "end"; readonly complete: boolean; readonly scanned: number; readonly seq?: number };

/** What the server sends over the socket of a live stream. */
export type LiveMessage =
  | { readonly type: "lines"; readonly lines: readonly LogEntry[] }
  /** This viewer was too slow: lines `from` to `to` were not sent, `count` of them match or may match. */
  | { readonly type: "skipped"; readonly from: number; readonly to: number; readonly count: number }
  /** All that was stored has been sent; what follows is new. */
  | { readonly type: "caught-up"; readonly seq: number }
  /** How the feed of this environment is. */
  | { readonly type: "feed"; readonly feed: FeedState }
  /** The right to read this has ended; the socket closes behind it. */
  | { readonly type: "ended"; readonly reason: "revoked" | "signed-out" | "shutdown" };

/** How lines come from the provider. */
export interface FeedState {
  readonly state: "starting" | "following" | "retrying" | "stopped";
  /** Why not `following`, for a person; no secret in it. */
  readonly problem?: string;
  /** Milliseconds since 1970, of the next try. */
  readonly nextTry?: number;
}

/** What is kept, for the page to say. */
export interface Retention {
  readonly days: number;
  /** Bytes on disk, per environment. */
  readonly bytes: number;
  /** What the provider itself keeps, in its words. */
  readonly provider: string;
}

/** `GET …/logs/facts`: what there is, what is kept, and how the lines come. */
export interface LogFacts {
  readonly bounds: {
    readonly lines: number;
    readonly bytes: number;
    readonly oldestSeq?: number;
    readonly newestSeq?: number;
    readonly oldestTime?: number;
    readonly newestTime?: number;
  };
  readonly processes: readonly string[];
  readonly instances: readonly string[];
  /** In order of their lines. */
  readonly releases: readonly ReleaseBoundary[];
  readonly retention: Retention;
  readonly feed: FeedState;
  /** `read-only`: nothing new is stored; `reason` and `hint` are for a person. */
  readonly store:
    | { readonly state: "writable" }
    | { readonly state: "read-only"; readonly reason: string; readonly hint: string };
}

/** `GET …/logs/histogram?since=&until=&buckets=` and a filter, of which `text` is not looked at. */
export interface LogHistogram {
  readonly buckets: readonly HistogramBucket[];
}
