import type { Context, Foreign, Redacted, Scope } from "@deploy/core";
import { DeployError } from "@deploy/core";
import type { Parts } from "../parts.js";
import { createManagerStore } from "./manager-store.js";
import { createParameterStore } from "./parameter-store.js";

/** Whose values they are: the user's own, or addresses of add-ons, which stay as long as the add-on. */
export type SecretFolder = "secrets" | "addons";

/** A stored value without the value. */
export interface StoredSecret {
  readonly name: string;
  /** Never used again, not even after the secret was removed. */
  readonly version: string;
  /** What `valueFrom` of a task definition is: exactly this version. */
  readonly location: string;
  /** ISO 8601, UTC. */
  readonly setAt: string;
  readonly setBy?: string;
}

/** Where values are kept that only tasks may see, for every app and environment. */
export interface SecretStore {
  /** Longest value, bytes of UTF-8. */
  readonly limit: number;
  /** The present version; one read for all names of a scope where the service has it. */
  find(
    context: Context,
    scope: Scope,
    name: string,
  ): Promise<StoredSecret | Foreign<StoredSecret> | undefined>;
  /** Names and versions of ours, sorted. */
  list(context: Context, scope: Scope): Promise<readonly StoredSecret[]>;
  /** Names of ours of which anything is there, sorted: what a killed run has left half stored as well. */
  names(context: Context, scope: Scope): Promise<readonly string[]>;
  /**
   * Stores a new version; the same value again keeps the present one.
   *
   * @throws `secrets.too-large`, `secrets.empty`, `secrets.unstorable`, `secrets.foreign`.
   */
  put(context: Context, scope: Scope, name: string, value: Redacted): Promise<StoredSecret>;
  /** The present value; undefined when there is none of ours. */
  reveal(context: Context, scope: Scope, name: string): Promise<Redacted | undefined>;
  /** Removes all versions; unknown names are fine. */
  remove(context: Context, scope: Scope, name: string): Promise<void>;
}

/** The store that the options ask for. */
export function createSecretStore(
  parts: Pick<Parts, "settings" | "clients">,
  folder: SecretFolder,
): SecretStore {
  return parts.settings.secrets === "secrets-manager"
    ? createManagerStore(parts, folder)
    : createParameterStore(parts, folder);
}

/** Refuses a value that the service would refuse, without quoting it. */
export function checkValue(name: string, value: string, limit: number, hint: string): void {
  if (value === "") {
    throw new DeployError({
      code: "secrets.empty",
      message: `The value of ${name} is empty, which AWS does not store.`,
      hint: "Leave the secret out where it is not needed.",
    });
  }
  const bytes = Buffer.byteLength(value, "utf8");
  if (bytes > limit) {
    throw new DeployError({
      code: "secrets.too-large",
      message: `The value of ${name} has ${bytes} bytes, and ${limit} is the most that can be stored.`,
      hint,
      details: { bytes, limit },
    });
  }
}

/** The error of a name that somebody else uses. */
export function foreignSecret(name: string, description: string): DeployError {
  return new DeployError({
    code: "secrets.foreign",
    message: `${name} cannot be stored: ${description}.`,
    hint: "Rename or remove one of the two.",
  });
}
