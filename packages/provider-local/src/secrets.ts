import { existsSync } from "node:fs";
import { userInfo } from "node:os";
import {
  type Context,
  DeployError,
  type Redacted,
  type Scope,
  type SecretReference,
  type Secrets,
} from "@deploy/core";
import { ensureHome, findHome } from "./home.js";
import { idOf, localResource } from "./resources.js";
import { withSecretLock } from "./secret-lock.js";
import { sensitivePrefix } from "./supervisor/process-environment.js";
import {
  createSecretStore,
  type SecretStore,
  type SecretEntry as StoredEntry,
} from "./supervisor/secret-store/index.js";

/** The store of this user's home, for reading. */
export function secretStore(context: Context): SecretStore {
  return createSecretStore({ directory: findHome(context.env).secrets });
}

/** What is set in a scope; looking makes nothing, not even the key. */
export async function listSecrets(context: Context, scope: Scope): Promise<readonly StoredEntry[]> {
  if (!existsSync(findHome(context.env).secrets)) return [];
  return secretStore(context).list(scope.app, scope.environment);
}

/** Changes the store, one process at a time; the home is made when it is not there. */
export async function changeSecrets<T>(
  context: Context,
  work: (store: SecretStore) => Promise<T>,
): Promise<T> {
  context.signal.throwIfAborted();
  const home = findHome(context.env);
  ensureHome(home);
  return withSecretLock(home, work);
}

/** Element five on this machine: values encrypted at rest, with versions that releases pin. */
export function createSecrets(): Secrets {
  return {
    capabilities: { versions: true, reveal: true },

    secret(scope, name, value) {
      const find = async (context: Context): Promise<SecretReference | undefined> => {
        const entries = await context.shared(`local secrets ${scope.app} ${scope.environment}`, () =>
          listSecrets(context, scope),
        );
        const entry = entries.find((one) => one.name === name);
        if (entry === undefined) return undefined;
        return { name, version: String(entry.version) };
      };
      const store = async (context: Context, given: Redacted): Promise<SecretReference> => {
        const version = await changeSecrets(context, (secrets) =>
          secrets.set(scope.app, scope.environment, name, given, { by: userInfo().username }),
        );
        return { name, version: String(version) };
      };
      const isStored = async (context: Context, given: Redacted): Promise<boolean> => {
        const secrets = secretStore(context);
        const [present, wanted] = await Promise.all([
          secrets.fingerprint(scope.app, scope.environment, name),
          secrets.fingerprintOf(scope.app, scope.environment, name, given),
        ]);
        return present === wanted;
      };
      return localResource<{ name: string }, SecretReference & { readonly changes?: boolean }>("secrets", {
        id: idOf("secrets", scope, name),
        label: `secret ${name}`,
        verb: "store",
        holdsData: `secret ${name}`,
        renews: true,
        desired: { name },
        async read(context) {
          const reference = await find(context);
          if (reference === undefined || value === undefined) return reference;
          return (await isStored(context, value)) ? reference : { ...reference, changes: true };
        },
        diff: (_desired, observed) =>
          observed.changes ? [{ path: "value", from: "<redacted>", to: "<redacted>" }] : [],
        blocked: (observed) =>
          observed === undefined && value === undefined
            ? {
                code: "secrets.missing",
                message: `The secret ${name} has no value in ${scope.environment}.`,
                hint: `Run: deploy secrets set ${name} --environment ${scope.environment}`,
              }
            : undefined,
        async create(context) {
          if (value === undefined) throw missing(scope.environment, name);
          return store(context, value);
        },
        async update(context, _desired, observed) {
          return value === undefined ? observed : store(context, value);
        },
      });
    },

    async list(context, scope) {
      const entries = await listSecrets(context, scope);
      return entries
        .filter((entry) => !entry.name.startsWith(sensitivePrefix))
        .map(({ name, version, setAt, setBy }) => ({ name, version: String(version), setAt, setBy }));
    },

    async set(context, scope, name, value) {
      if (name.startsWith(sensitivePrefix)) {
        throw new DeployError({
          code: "secrets.bad-name",
          message: `Names that begin with ${sensitivePrefix} are kept for add-ons.`,
        });
      }
      await changeSecrets(context, (store) =>
        store.set(scope.app, scope.environment, name, value, { by: userInfo().username }),
      );
      const entry = (await secretStore(context).list(scope.app, scope.environment)).find(
        (one) => one.name === name,
      );
      if (entry === undefined) throw missing(scope.environment, name);
      return { name, version: String(entry.version), setAt: entry.setAt, setBy: entry.setBy };
    },

    async unset(context, scope, name) {
      await changeSecrets(context, (store) =>
        store.unset(scope.app, scope.environment, name, { by: userInfo().username }),
      );
    },

    async reveal(context, scope, name) {
      const known = (await listSecrets(context, scope)).some((one) => one.name === name);
      if (!known) throw missing(scope.environment, name);
      return secretStore(context).reveal(scope.app, scope.environment, name);
    },
  };
}

function missing(environment: string, name: string): DeployError {
  return new DeployError({
    code: "secrets.missing",
    message: `The secret ${name} has no value in ${environment}.`,
    hint: `Run: deploy secrets set ${name} --environment ${environment}`,
  });
}
