import { timingSafeEqual } from "node:crypto";
import { mkdir, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DeployError } from "@deploy/core";
import { syncDirectory, writeFileAtomic } from "../../operating-system/atomic-file.js";
import { withDiskErrors } from "../../operating-system/disk-errors.js";
import { type DerivedKeys, type EncryptedValue, seal } from "./encryption.js";
import { appsDirectory, keyPath } from "./key-file.js";

/** One version of a secret as it is stored. */
export interface StoredVersion {
  readonly version: number;
  /** ISO 8601, UTC. */
  readonly setAt: string;
  readonly setBy: string;
  /** Absent in a tombstone: from this version on the secret is unset. */
  readonly value?: EncryptedValue;
}

/** A secret as it is stored. */
export interface StoredSecret {
  /** The highest version ever given out, so that none is given out twice, even after pruning. */
  readonly lastVersion: number;
  /** Ascending; the last one is the present one. */
  readonly versions: readonly StoredVersion[];
}

/** The secrets of one app and environment, by name. */
export type StoredSecrets = Readonly<Record<string, StoredSecret>>;

interface SecretsDocument {
  readonly format: 1;
  readonly keyId: string;
  readonly seal: string;
  readonly body: { readonly app: string; readonly environment: string; readonly secrets: StoredSecrets };
}

/** A file name for any text: readable for ordinary names, and never the same for two on any file system. */
function fileNameFor(text: string): string {
  // Upper case is escaped too: macOS would take `A` and `a` for the same file.
  return text.replace(/[^a-z0-9_-]/gu, (character) =>
    [...Buffer.from(character)]
      .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`)
      .join(""),
  );
}

/** The file which holds the secrets of an app and environment. */
export function secretsPath(directory: string, app: string, environment: string): string {
  return join(appsDirectory(directory), fileNameFor(app), `${fileNameFor(environment)}.json`);
}

/**
 * Reads the secrets of an app and environment; empty when there are none.
 *
 * Errors: `secrets.wrong-key` (written with another key file), `secrets.corrupted`.
 */
export async function readSecrets(
  directory: string,
  keys: DerivedKeys,
  app: string,
  environment: string,
): Promise<StoredSecrets> {
  const path = secretsPath(directory, app, environment);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw error;
  }
  const document = parse(text);
  if (document === undefined) throw corruptedSecrets(path);
  if (document.keyId !== keys.id) {
    throw new DeployError({
      code: "secrets.wrong-key",
      message: `The secrets in ${path} were encrypted with another key than the one in ${keyPath(directory)}.`,
      hint: "Restore the key file which belongs to them, or remove the environment's secrets and set them anew.",
      details: { path },
    });
  }
  const { body } = document;
  const intact = equalText(document.seal, seal(keys, JSON.stringify(body)));
  // A file copied over from another environment is whole, but not this environment's.
  if (!intact || body.app !== app || body.environment !== environment) throw corruptedSecrets(path);
  return body.secrets;
}

/** Replaces the secrets of an app and environment, atomically and durably, mode 0600. */
export async function writeSecrets(
  directory: string,
  keys: DerivedKeys,
  app: string,
  environment: string,
  secrets: StoredSecrets,
): Promise<void> {
  const path = secretsPath(directory, app, environment);
  const body: SecretsDocument["body"] = { app, environment, secrets };
  const document: SecretsDocument = {
    format: 1,
    keyId: keys.id,
    seal: seal(keys, JSON.stringify(body)),
    body,
  };
  await withDiskErrors({ path }, () => mkdir(dirname(path), { recursive: true, mode: 0o700 }));
  await writeFileAtomic(path, `${JSON.stringify(document)}\n`, { mode: 0o600 });
}

/** Removes the secrets of an app and environment; fine when there are none. */
export async function removeSecrets(directory: string, app: string, environment: string): Promise<void> {
  const path = secretsPath(directory, app, environment);
  await withDiskErrors({ path, doing: "remove" }, async () => {
    await rm(path, { force: true });
    await syncDirectory(dirname(path)).catch(() => undefined);
  });
}

/** The error for a file which was altered or damaged. */
export function corruptedSecrets(path: string): DeployError {
  return new DeployError({
    code: "secrets.corrupted",
    message: `The secrets file ${path} is damaged or was altered.`,
    hint: "Restore it from a backup, or remove it and set the secrets anew.",
    details: { path },
  });
}

function parse(text: string): SecretsDocument | undefined {
  try {
    const value = JSON.parse(text) as Partial<SecretsDocument> | null;
    const whole =
      value?.format === 1 &&
      typeof value.keyId === "string" &&
      typeof value.seal === "string" &&
      typeof value.body === "object";
    return whole ? (value as SecretsDocument) : undefined;
  } catch {
    return undefined;
  }
}

function equalText(one: string, other: string): boolean {
  return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
}
