import { DeployError, contextError as ofContext } from "@deploy/core";
import { toDiskError } from "../operating-system/disk-errors.js";

const ofTheFile: ReadonlySet<unknown> = new Set(["ENOENT", "ENOTDIR", "EACCES", "EPERM"]);

/**
 * Words a failure to read the user's own files: as core's `contextError` where it is about the file, else as one of the
 * disk; what is neither is returned as it is.
 */
export function contextError(path: string, thrown: unknown, wasThere = false): unknown {
  if (DeployError.is(thrown) || !(thrown instanceof Error)) return thrown;
  if (ofTheFile.has((thrown as NodeJS.ErrnoException).code)) return ofContext(path, thrown, wasThere);
  return toDiskError(thrown, { path, doing: "read" });
}

/** The tree is not what it was when its digest was made. */
export function changedError(path: string, cause?: unknown): DeployError {
  return new DeployError({
    code: "images.changed-while-building",
    message: `${path} changed while the image was being made.`,
    hint: "Run the same command again; if it keeps changing, leave what changes out with .dockerignore.",
    retryable: true,
    details: { path },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The caller's signal was aborted. */
export function cancelledError(signal: AbortSignal): DeployError {
  return new DeployError({
    code: "run.cancelled",
    message: "The build was cancelled.",
    cause: signal.reason,
  });
}
