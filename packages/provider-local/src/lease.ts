import { mkdir, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { DeployError, type Lease, type LeaseHolder, type Scope } from "@deploy/core";
import { ensureHome, environmentFileName, findHome, type Home } from "./home.js";
import { withDiskErrors } from "./operating-system/disk-errors.js";
import { acquireLock, readHolder } from "./operating-system/lock-file.js";

/**
 * The deploy lock on this machine: a file which names a living process.
 *
 * A run that was killed holds nothing: the lock of a process that is gone is taken over, pid reuse included.
 */
export function createLease(): Lease {
  return {
    async acquire(context, scope, holder) {
      context.signal.throwIfAborted();
      const home = findHome(context.env);
      ensureHome(home);
      const path = leasePath(home, scope);
      // Not recursive: that hides EROFS behind ENOENT.
      await withDiskErrors({ path: home.leases, doing: "make" }, () =>
        mkdir(home.leases, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
          if (error.code !== "EEXIST") throw error;
        }),
      );
      const lock = await acquireLock(path, { ...holder });
      if (!lock.acquired) return { holder: (lock.holder?.info as unknown as LeaseHolder) ?? holder };
      return {
        granted: {
          release: async () => {
            await lock.release();
            // After a `down` of the last app this is all that is left.
            await rmdir(home.leases).catch(() => {});
            await rmdir(home.directory).catch(() => {});
          },
          async check() {
            if (await lock.isHeld()) return;
            throw new DeployError({
              code: "lease.lost",
              message: `The deploy lock of ${scope.environment} was taken away from this run.`,
              hint: "Somebody used --break-lock. Look at deploy status, then run the same again.",
            });
          },
        },
      };
    },
    async holder(context, scope) {
      const holder = await readHolder(leasePath(findHome(context.env), scope));
      return holder?.info as unknown as LeaseHolder | undefined;
    },
    async break(context, scope) {
      await rm(leasePath(findHome(context.env), scope), { force: true });
    },
  };
}

function leasePath(home: Home, scope: Scope): string {
  return join(home.leases, `${scope.app}--${environmentFileName(scope.environment)}.lock`);
}
