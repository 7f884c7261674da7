import { DeployError } from "@deploy/core";

/** Why ingest is not going on; raw files keep what is printed meanwhile. */
export interface LogProblem {
  /** `logs.disk-full`, `logs.read-only`, `logs.failed` or `logs.worker-failed`. */
  readonly code: string;
  /** One sentence for a person. */
  readonly message: string;
}

/** Says what an error of the file system means for the logs of one environment. */
export function problemOf(error: unknown, where: string): LogProblem {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  const rest = "What the processes print stays in their raw files, and is taken up as soon as it can be.";
  if (code === "ENOSPC" || code === "EDQUOT") {
    return { code: "logs.disk-full", message: `There is no space left to store logs in ${where}. ${rest}` };
  }
  if (code === "EROFS" || code === "EACCES" || code === "EPERM") {
    return { code: "logs.read-only", message: `Logs cannot be written to ${where}. ${rest}` };
  }
  const reason = error instanceof Error ? error.message : String(error);
  return { code: "logs.failed", message: `Logs could not be stored in ${where}: ${reason}. ${rest}` };
}

/** The same as an error, for calls that promised to have written when they return. */
export function problemError(problem: LogProblem, cause?: unknown): DeployError {
  return new DeployError({
    ...problem,
    hint: "Free space or correct the rights of the folder, then try again.",
    retryable: true,
    cause,
  });
}
