/** The log store: exactly-once ingest of what processes print, and reading it back without the daemon. */
export type { LogLimits } from "./limits.js";
export type { LogScope } from "./paths.js";
export type { LogProblem } from "./problems.js";
export {
  type ReadLogsOptions,
  type ReadReleaseOutputOptions,
  readLogs,
} from "./read.js";
export type { AppendedLine, LogSource, ReleaseOutput, ReleaseScope } from "./source.js";
export { createLogStore, type LogStore, type LogStoreOptions } from "./store.js";
