import { rmSync } from "node:fs";
import { type EnvironmentLog, openEnvironmentLog } from "./environment-log.js";
import type { FileOperations } from "./file-operations.js";
import type { LogLimits } from "./limits.js";
import { type LogScope, logPaths } from "./paths.js";
import { type LogProblem, problemOf } from "./problems.js";
import { createReleaseOutputs, type ReleaseOutputs } from "./release-output.js";

/** One environment: its segments, once they could be opened, and whether writing to them is paused. */
export interface Environment {
  readonly scope: LogScope;
  /** The writer; opened at the first call. Throws the file system's error. */
  log(): EnvironmentLog;
  opened(): EnvironmentLog | undefined;
  readonly releases: ReleaseOutputs;
  /** True while a failed write is being waited out. */
  paused(): boolean;
  /** Notes a failure: reported once, until a write succeeds again. */
  failed(error: unknown): LogProblem;
  succeeded(): void;
  remove(): Promise<void>;
}

/** What all environments of a store share. */
export interface EnvironmentOptions {
  readonly directory: string;
  readonly limits: LogLimits;
  readonly files: FileOperations;
  readonly now: () => number;
  readonly onProblem: (problem: LogProblem) => void;
}

/** Takes up an environment. @throws `logs.bad-name`. */
export function createEnvironment(options: EnvironmentOptions, scope: LogScope): Environment {
  const { directory, limits, files, now, onProblem } = options;
  const paths = logPaths(directory, scope);
  const releases = createReleaseOutputs(paths, limits, files);
  let log: EnvironmentLog | undefined;
  let pausedUntil = 0;
  let reported: string | undefined;

  function open(): EnvironmentLog {
    log ??= openEnvironmentLog({ paths, limits, files, now });
    return log;
  }

  return {
    scope,
    log: open,
    opened: () => log,
    releases,
    paused: () => pausedUntil > performance.now(),
    failed: (error) => {
      const problem = problemOf(error, paths.base);
      pausedUntil = performance.now() + limits.retry;
      if (reported !== problem.code) onProblem(problem);
      reported = problem.code;
      return problem;
    },
    succeeded: () => {
      pausedUntil = 0;
      reported = undefined;
    },
    remove: async () => {
      await log?.close();
      log = undefined;
      rmSync(paths.base, { recursive: true, force: true });
    },
  };
}
