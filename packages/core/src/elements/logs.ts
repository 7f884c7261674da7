import type { Context } from "../context.js";
import type { Support } from "./capability.js";
import type { ElementPlan, Scope } from "./scope.js";

/** Which output of a process a line came from; `system` is what the platform itself says about it. */
export type LogStream = "stdout" | "stderr" | "system";

/** One line of output, the same on every provider. */
export interface LogLine {
  /** ISO 8601, UTC, with at least milliseconds. */
  readonly time: string;
  /** The process it came from: `web`, `worker`, or `release`, `build`, `job:<name>`, `run`. */
  readonly process: string;
  /** Which copy of the process, such as `web.1`: the same across restarts and releases. */
  readonly instance: string;
  /** Number of the release that ran; absent where the vendor does not say. */
  readonly release?: number;
  readonly stream: LogStream;
  /** The text without its newline, as the process wrote it: untrusted, may hold escape sequences. */
  readonly text: string;
  /** Opaque: hand it back as {@link LogQuery.after} to go on behind this line, without gap or double. */
  readonly cursor: string;
}

/** What to read. Every field narrows; an empty query is all there is, oldest first. */
export interface LogQuery {
  readonly processes?: readonly string[];
  readonly instance?: string;
  readonly release?: number;
  /** Lines at or after this time. */
  readonly since?: Date;
  /** Lines before this time. */
  readonly until?: Date;
  /** Plain text that a line must contain, case-insensitive. */
  readonly contains?: string;
  /** Only the last so many lines that match, before following. */
  readonly last?: number;
  /** Go on behind this cursor. */
  readonly after?: string;
  /** Keep the stream open for what comes. Default false. */
  readonly follow?: boolean;
}

/** What a provider's logs can do; checked before any call. */
export interface LogsCapabilities {
  readonly follow: Support;
  /** Lines older than the newest release can be read. */
  readonly history: Support;
  /** The stored output of the build and the release command, by release. */
  readonly releaseOutput: Support;
  /** Which of the two is only had by asking for a release, and does not come among the other lines. Absent: none. */
  readonly releaseOutputApart?: readonly ("build" | "release")[];
  /** A cursor can be handed back after a disconnect without gap or double. */
  readonly resume: Support;
  /** In one sentence: how long and how much is kept. */
  readonly retention: string;
}

/** Element four: what the processes print, in one shape and by app, wherever they run. */
export interface Logs {
  readonly capabilities: LogsCapabilities;
  /** What must be there before the first line can be written: a log group, a drain. */
  resources?(scope: Scope): ElementPlan;
  /**
   * Streams lines, oldest first; back-pressure reaches the source.
   *
   * @throws `logs.bad-cursor` when `after` was not made by this provider; `logs.unavailable`.
   */
  read(context: Context, scope: Scope, query: LogQuery): AsyncIterable<LogLine>;
}
