import {
  type Context,
  DeployError,
  type Redacted,
  type Resource,
  reveal,
  type Scope,
  type SecretEntry,
  type SecretReference,
  type Secrets,
} from "@deploy/core";
import type { Api, VendorSecret } from "./api.js";
import { idOf, prefixOf } from "./names.js";

/** What is read of a secret: never its value. */
interface Observed extends SecretReference {
  /** The value that came with this run is not the one that is stored. */
  readonly changes?: boolean;
}

/** Secrets: one entry each, below a prefix of the app and its environment. */
export function createSecrets(api: Api): Secrets {
  return {
    capabilities: { versions: true, reveal: true },
    secret: (scope, name, value) => secretResource(api, scope, name, value),
    async list(context, scope) {
      const prefix = prefixOf(scope);
      return (await api.list(context, prefix)).map((one) => entryOf(one, prefix));
    },
    async set(context, scope, name, value) {
      const prefix = prefixOf(scope);
      return entryOf(await api.put(context, prefix + name, value), prefix);
    },
    unset: (context, scope, name) => api.remove(context, prefixOf(scope) + name),
    async reveal(context, scope, name) {
      const value = await api.value(context, prefixOf(scope) + name);
      if (value === undefined) throw new DeployError(missing(scope, name));
      return value;
    },
  };
}

/** A declared secret as a node of the plan; `value` is what came with this run, if anything did. */
function secretResource(
  api: Api,
  scope: Scope,
  name: string,
  value: Redacted | undefined,
): Resource<{ readonly name: string }, Observed> {
  const prefix = prefixOf(scope);
  const path = prefix + name;
  const store = async (context: Context): Promise<Observed> => {
    if (value === undefined) throw new DeployError(missing(scope, name));
    return referenceOf(await api.put(context, path, value), prefix);
  };
  return {
    id: idOf(scope, name),
    label: `secret ${name}`,
    provider: "nimbus-cloud",
    element: "secrets",
    verb: "store",
    holdsData: `secret ${name}`,
    // A new value is a new version: what is made of it has to be looked at again.
    renews: true,
    desired: { name },
    async read(context) {
      const all = await context.shared(`nimbus-cloud/secrets/${prefix}`, () => api.list(context, prefix));
      const found = all.find((one) => one.path === path);
      if (found === undefined) return undefined;
      const present = value === undefined ? undefined : await api.value(context, path);
      const changes = value !== undefined && (present === undefined || reveal(present) !== reveal(value));
      return { ...referenceOf(found, prefix), ...(changes ? { changes } : {}) };
    },
    diff: (_desired, observed) =>
      observed.changes === true ? [{ path: "value", from: "<redacted>", to: "<redacted>" }] : [],
    blocked: (observed) => (observed === undefined && value === undefined ? missing(scope, name) : undefined),
    create: store,
    update: store,
  };
}

function entryOf({ path, version, setAt }: VendorSecret, prefix: string): SecretEntry {
  return { name: path.slice(prefix.length), version: String(version), setAt };
}

function referenceOf({ path, version }: VendorSecret, prefix: string): SecretReference {
  return { name: path.slice(prefix.length), version: String(version), location: path };
}

function missing(scope: Scope, name: string): { code: string; message: string; hint: string } {
  return {
    code: "secrets.missing",
    message: `The secret ${name} has no value in ${scope.environment}.`,
    hint: `Run: deploy secrets set ${name} --environment ${scope.environment}`,
  };
}
