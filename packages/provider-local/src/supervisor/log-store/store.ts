import { createIngester, type Ingester } from "./ingester.js";
import type { LogLimits } from "./limits.js";
import type { LogScope } from "./paths.js";
import type { LogProblem } from "./problems.js";
import type { AppendedLine, LogSource, ReleaseOutput, ReleaseScope } from "./source.js";
import { createWorkerClient } from "./worker-client.js";

/** How to open a log store. */
export interface LogStoreOptions {
  /** Where the logs of all apps are kept. Only one store at a time may have it open. */
  readonly directory: string;
  /**
   * The script of the worker thread: the built `worker.ts`, or a program that calls `runLogWorker` first.
   * Without it the work is done in the calling thread, which is meant for tests.
   */
  readonly workerFile?: URL | string;
  readonly limits?: Partial<LogLimits>;
  /** Told once when logs cannot be stored, and again only after it had worked in between. Nothing is lost meanwhile. */
  readonly onProblem?: (problem: LogProblem) => void;
}

/**
 * Takes what processes print out of their raw files into segments, exactly once, even if killed at any moment.
 *
 * What was written survives `kill -9`; a power loss may cost the last second.
 */
export interface LogStore {
  /** Begins or goes on following the output of a run. Repeating it changes nothing. */
  attach(source: LogSource): Promise<void>;
  /** Stores the rest of a run that has ended, and removes its raw files. Waits while the disk is full. */
  detach(source: LogSource): Promise<void>;
  /** Stores lines of the supervisor's own. @throws `logs.disk-full`, `logs.read-only`, `logs.failed`. */
  append(line: AppendedLine): Promise<void>;
  /** Stores output of a build or a release command, also by release. @throws as `append`. */
  appendReleaseOutput(output: ReleaseOutput): Promise<void>;
  /** Stores every whole line that has been printed up to now, and waits for the disk. */
  flush(): Promise<void>;
  /** Deletes everything of an environment, also what attached runs have printed. */
  removeLogs(scope: LogScope): Promise<void>;
  /** Deletes the stored output of a release; its lines in the segments age as all others do. */
  removeRelease(scope: ReleaseScope): Promise<void>;
  /** Stops. Runs that are still alive go on printing into their raw files. */
  close(): Promise<void>;
}

/** Opens the log store of a directory. */
export function createLogStore(options: LogStoreOptions): LogStore {
  const { directory, workerFile, limits = {}, onProblem = (): void => undefined } = options;
  const ingester: Ingester =
    workerFile === undefined
      ? createIngester({ directory, limits, onProblem })
      : createWorkerClient({ directory, workerFile, limits, onProblem });
  return ingester;
}
