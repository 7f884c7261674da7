import { DeployError } from "@deploy/core";
import { toDiskError } from "../operating-system/disk-errors.js";

/**
 * Words a failure to read the user's own files.
 *
 * `images.context-missing`, `images.changed-while-building` (retryable: it was there a moment ago) or
 * `images.context-unreadable`; what is not about the file is returned as it is.
 */
export function contextError(path: string, thrown: unknown, wasThere = false): unknown {
  if (DeployError.is(thrown) || !(thrown instanceof Error)) return thrown;
  const code = (thrown as NodeJS.ErrnoException).code;
  if (code === "ENOENT" || code === "ENOTDIR")
    return wasThere ? changedError(path, thrown) : missing(path, thrown);
  if (code === "EACCES" || code === "EPERM") {
    return new DeployError({
      code: "images.context-unreadable",
      message: `${path} belongs to the build context, but this user may not read it.`,
      hint: "Make it readable, or leave it out with .dockerignore.",
      details: { path },
      cause: thrown,
    });
  }
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

function missing(path: string, cause: unknown): DeployError {
  return new DeployError({
    code: "images.context-missing",
    message: `The build context ${path} does not exist, or is not a directory.`,
    hint: "Correct the path of the build in the configuration.",
    details: { path },
    cause,
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
