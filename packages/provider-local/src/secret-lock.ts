import { join } from "node:path";
import { DeployError } from "@deploy/core";
import type { Home } from "./home.js";
import { acquireLock } from "./operating-system/lock-file.js";
import { createSecretStore, type SecretStore } from "./supervisor/secret-store/index.js";

/** Between two tries, and how many of them: ten seconds in all. */
const waitMs = 50;
const tries = 200;

/**
 * Runs a change of the secret store alone: the CLI and the supervisor write the same files.
 *
 * @throws `secrets.busy` (retryable) when another process keeps it for ten seconds; what the store throws.
 */
export async function withSecretLock<T>(home: Home, work: (store: SecretStore) => Promise<T>): Promise<T> {
  const path = join(home.directory, "secrets.lock");
  for (let tried = 0; tried < tries; tried += 1) {
    const lock = await acquireLock(path, { what: "secrets" });
    if (lock.acquired) {
      try {
        return await work(createSecretStore({ directory: home.secrets }));
      } finally {
        await lock.release();
      }
    }
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
  throw new DeployError({
    code: "secrets.busy",
    message: "Another process has been changing secrets for ten seconds.",
    hint: "Try again.",
    retryable: true,
  });
}
