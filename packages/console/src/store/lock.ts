import { open } from "node:fs/promises";
import { join } from "node:path";
import { DeployError } from "@deploy/core";
import { createClient } from "@libsql/client";

/**
 * Takes the directory for this process alone; answers with how to give it back. Throws `console.store-locked`.
 *
 * It is SQLite's write lock on an empty file: the system's own, so it ends with the process, however that ends.
 */
export async function lockDirectory(directory: string): Promise<() => void> {
  const path = join(directory, "lock");
  const file = await open(path, "a", 0o600);
  // Nothing is ever written to it: what a broken disk has put there would only keep SQLite from opening it.
  if ((await file.stat()).size > 0) await file.truncate(0);
  await file.close();
  const client = createClient({ url: `file:${encodeURI(path)}` });
  try {
    const transaction = await client.transaction("write");
    return () => {
      transaction.close();
      client.close();
    };
  } catch (cause) {
    client.close();
    if (cause instanceof Error && "code" in cause && cause.code === "SQLITE_BUSY") {
      throw new DeployError({
        code: "console.store-locked",
        message: `Another process uses the store in ${directory}.`,
        hint: "One console at a time: end the other one, or start this one with a directory of its own.",
        cause,
      });
    }
    throw cause;
  }
}
