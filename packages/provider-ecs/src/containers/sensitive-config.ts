import { scryptSync } from "node:crypto";
import { type Context, type Redacted, reveal, type Scope, type SecretReference } from "@deploy/core";
import { isAwsError } from "../errors.js";
import { appPath } from "../names.js";
import type { Parts } from "../parts.js";
import { appTags, upperTags } from "../tags.js";

/** A config value that came as `Redacted`, and where it is kept. */
export interface SensitiveValue {
  readonly reference: SecretReference;
  /** Absent on a rollback: it is stored already. */
  readonly value?: Redacted;
}

/** Cost of the fingerprint: some 10 ms a value, so that a guess costs as much. */
const scryptCost = 4096;

/**
 * How a sensitive value is named and versioned: by a slow fingerprint with the scope and the name as its salt, so that a
 * plan compares it without reading it back, and a table of guesses does not fit two variables.
 */
export function fingerprintOf(scope: Scope, name: string, value: Redacted): SecretReference {
  const salt = appPath(scope, name);
  const version = scryptSync(reveal(value), salt, 12, { N: scryptCost }).toString("hex");
  return { name, version, location: appPath(scope, "config", name, version) };
}

/** Stores what is not stored yet: one parameter for each value, which never changes. */
export async function storeSensitive(
  parts: Parts,
  context: Context,
  scope: Scope,
  values: readonly SensitiveValue[],
): Promise<void> {
  await Promise.all(
    values.map(async ({ reference, value }) => {
      if (value === undefined || reference.location === undefined) return;
      try {
        await parts.clients.send(
          context,
          "ssm",
          "PutParameter",
          {
            Name: reference.location,
            Value: reveal(value),
            Type: "SecureString",
            Overwrite: false,
            Description: `${reference.name} of ${scope.app} in ${scope.environment}, handed over by an add-on`,
            Tags: upperTags(appTags(parts.settings, scope)),
          },
          { private: true, repeatable: true },
        );
      } catch (error) {
        if (!isAwsError(error, "ParameterAlreadyExists")) throw error;
      }
    }),
  );
}
