import {
  type Context,
  DeployError,
  type Redacted,
  reveal,
  type Scope,
  type SecretReference,
  type Secrets,
} from "@deploy/core";
import { idOf, providerName } from "../names.js";
import type { Finder } from "../owned.js";
import type { Parts } from "../parts.js";
import { ecsResource } from "../resources.js";
import { createSecretStore, type StoredSecret } from "./store.js";

export { type PullSecretObserved, pullSecret } from "./pull-secret.js";
export { createSecretStore, type SecretFolder, type SecretStore, type StoredSecret } from "./store.js";

/** Element five on AWS: parameters of Systems Manager, or Secrets Manager; tasks read them by `valueFrom`. */
export function createSecrets(parts: Parts): Secrets {
  const store = createSecretStore(parts, "secrets");
  return {
    capabilities: { versions: true, reveal: true },
    secret: (scope, name, value) =>
      ecsResource<{ readonly name: string }, SecretReference & { readonly differs?: true }>("secrets", {
        id: idOf(parts.settings, "secrets", scope, name),
        label: `secret ${name}`,
        verb: "store",
        holdsData: `secret ${name}`,
        renews: true,
        desired: { name },
        async read(context) {
          const found = await store.find(context, scope, name);
          if (found === undefined || "foreign" in found) return found;
          if (value === undefined) return referenceTo(found);
          const present = await store.reveal(context, scope, name);
          const same = present !== undefined && reveal(present) === reveal(value);
          return same ? referenceTo(found) : { ...referenceTo(found), differs: true };
        },
        diff: (_desired, observed) =>
          observed.differs === true ? [{ path: "value", from: "<redacted>", to: "<redacted>" }] : [],
        blocked: (observed) => {
          if (observed !== undefined || value !== undefined) return undefined;
          const { message, code, hint } = missing(scope, name);
          return { message, code, ...(hint === undefined ? {} : { hint }) };
        },
        async create(context) {
          if (value === undefined) throw missing(scope, name);
          return referenceTo(await store.put(context, scope, name, value));
        },
        async update(context, _desired, observed) {
          return value === undefined ? observed : referenceTo(await store.put(context, scope, name, value));
        },
      }),
    list: async (context, scope) =>
      (await store.list(context, scope)).map(({ location: _location, ...entry }) => entry),
    async set(context, scope, name, value) {
      const { location: _location, ...entry } = await store.put(context, scope, name, value);
      return entry;
    },
    unset: (context, scope, name) => store.remove(context, scope, name),
    reveal: async (context: Context, scope: Scope, name: string): Promise<Redacted> => {
      const value = await store.reveal(context, scope, name);
      if (value === undefined) throw missing(scope, name);
      return value;
    },
  };
}

/** What a release pins of a stored value. */
export function referenceTo({ name, version, location }: StoredSecret): SecretReference {
  return { name, version, location };
}

/** The user's secrets, each of which is data; those that a killed run has stored by half among them. */
export function findSecrets(parts: Parts): Finder {
  const store = createSecretStore(parts, "secrets");
  return async (context, scope) =>
    (await store.names(context, scope)).map((name) => ({
      id: idOf(parts.settings, "secrets", scope, name),
      label: `secret ${name}`,
      provider: providerName,
      element: "secrets",
      holdsData: `secret ${name}`,
      after: [idOf(parts.settings, "containers", scope)],
      remove: (removing: Context) => store.remove(removing, scope, name),
    }));
}

function missing(scope: Scope, name: string): DeployError {
  return new DeployError({
    code: "secrets.missing",
    message: `The secret ${name} has no value in ${scope.environment}.`,
    hint: `Run: deploy secrets set ${name} --environment ${scope.environment}`,
  });
}
