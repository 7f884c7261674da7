import { DeployError } from "@deploy/core";

/** What was going on when a file system call failed. */
export interface DiskErrorContext {
  /** The file or directory concerned. */
  readonly path: string;
  /** In the infinitive, as in "Could not <doing> <path>". Default `write`; the path follows. */
  readonly doing?: string;
}

interface DiskFailure {
  readonly code: string;
  readonly reason: string;
  readonly hint: string;
  readonly retryable?: boolean;
}

const full: DiskFailure = {
  code: "servers.disk-full",
  reason: "there is no space left on the disk",
  hint: "Free some disk space, then run the same command again.",
};
const quota: DiskFailure = {
  ...full,
  reason: "your disk quota is used up",
  hint: "Free some of your disk quota, then run the same command again.",
};
const readOnly: DiskFailure = {
  code: "servers.state-read-only",
  reason: "the file system is read-only",
  hint: "Mount it writable, or point DEPLOY_HOME at a directory you may write.",
};
const forbidden: DiskFailure = {
  code: "servers.state-read-only",
  reason: "this user may not write there",
  hint: "Give this user write access to it, or point DEPLOY_HOME at a directory you may write.",
};
const files: DiskFailure = {
  code: "servers.too-many-open-files",
  reason: "too many files are open",
  hint: "Raise the limit with `ulimit -n 4096`, or close other programs, then try again.",
  retryable: true,
};

const failures: Readonly<Record<string, DiskFailure>> = {
  ENOSPC: full,
  EDQUOT: quota,
  EROFS: readOnly,
  EACCES: forbidden,
  EPERM: forbidden,
  EMFILE: files,
  ENFILE: files,
};

/**
 * Turns a failed write of our own state into an error that says what to do.
 *
 * `servers.disk-full`, `servers.state-read-only` or `servers.too-many-open-files` (retryable), with the path in the
 * message and in `details.path`; whatever is not about the disk is returned as it is.
 */
export function toDiskError(thrown: unknown, context: DiskErrorContext): unknown {
  if (DeployError.is(thrown) || !(thrown instanceof Error)) return thrown;
  const systemCode = (thrown as NodeJS.ErrnoException).code ?? "";
  const failure = Object.hasOwn(failures, systemCode) ? failures[systemCode] : undefined;
  if (failure === undefined) return thrown;
  return new DeployError({
    code: failure.code,
    message: `Could not ${context.doing ?? "write"} ${context.path}: ${failure.reason}.`,
    hint: failure.hint,
    retryable: failure.retryable ?? false,
    details: { path: context.path, systemCode },
    cause: thrown,
  });
}

/** Runs `work`; a disk failure leaves it as {@link toDiskError} words it. */
export async function withDiskErrors<T>(context: DiskErrorContext, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toDiskError(error, context);
  }
}
