import type { LogStream } from "@deploy/core";
import type { LogScope } from "./paths.js";

/** One run of one instance, whose output goes to two raw files. */
export interface LogSource extends LogScope {
  /** Unique to this run: a restarted instance has another. The position in the raw files is kept under it. */
  readonly id: string;
  /** Such as `web`. */
  readonly process: string;
  /** Such as `web.1`. */
  readonly instance: string;
  readonly release?: number;
  /** Absolute paths of the raw files; every run has its own, never used before. */
  readonly stdout: string;
  readonly stderr: string;
}

/** Something the supervisor itself has to say, such as `web.1 exited with code 3`. */
export interface AppendedLine extends LogScope {
  readonly process: string;
  readonly instance: string;
  readonly release?: number;
  /** Default `system`. */
  readonly stream?: LogStream;
  /** Newlines in it make several lines. */
  readonly text: string;
}

/** A release of an app in an environment. */
export interface ReleaseScope extends LogScope {
  readonly release: number;
}

/** Output of a build or of a release command: whole lines. */
export interface ReleaseOutput extends ReleaseScope {
  readonly command: "build" | "release";
  /** Default `stdout`. */
  readonly stream?: LogStream;
  readonly text: string;
}
