import {
  type Context,
  DeployError,
  type Redacted,
  redact,
  reveal,
  type Scope,
  type SecretReference,
  type Secrets,
} from "@deploy/core";
import { call, idOf, keyOf, remove, type Surroundings } from "./api.js";

interface Held {
  readonly name: string;
  readonly version: number;
  readonly setAt: string;
}

/** The secrets of a scope without their values, asked for once per plan. */
export function listSecrets(own: Surroundings, context: Context, scope: Scope): Promise<readonly Held[]> {
  return context.shared(`${own.name}/secrets/${keyOf(scope)}`, () =>
    call<Held[]>(own, context, "GET", ["scopes", keyOf(scope), "secrets"]),
  );
}

/** Element five of the reference provider. */
export function createSecrets(own: Surroundings): Secrets {
  const put = async (context: Context, scope: Scope, name: string, value: Redacted): Promise<Held> =>
    call<Held>(own, context, "PUT", ["scopes", keyOf(scope), "secrets", name], {
      body: { value: reveal(value) },
    });
  const missing = (name: string, scope: Scope): { code: string; message: string; hint: string } => ({
    code: "secrets.missing",
    message: `The secret ${name} has no value in ${scope.environment}.`,
    hint: `Run: deploy secrets set ${name} --environment ${scope.environment}`,
  });
  const readValue = async (context: Context, scope: Scope, name: string): Promise<Redacted> => {
    const path = ["scopes", keyOf(scope), "secret-value", name];
    return redact((await call<{ value: string }>(own, context, "GET", path)).value);
  };
  return {
    capabilities: { versions: true, reveal: true },
    secret(scope, name, value) {
      type Observed = SecretReference & { readonly differs?: boolean };
      const store = async (context: Context): Promise<Observed> => {
        if (value === undefined) throw new DeployError(missing(name, scope));
        const { version } = await put(context, scope, name, value);
        return { name, version: String(version) };
      };
      return {
        id: idOf(own, "secrets", scope, name),
        label: `secret ${name}`,
        provider: own.name,
        element: "secrets",
        verb: "store",
        renews: true,
        holdsData: `secret ${name}`,
        pollEvery: 5,
        desired: { name },
        async read(context): Promise<Observed | undefined> {
          const held = (await listSecrets(own, context, scope)).find((one) => one.name === name);
          if (held === undefined) return undefined;
          const found = { name, version: String(held.version) };
          if (value === undefined) return found;
          return reveal(await readValue(context, scope, name)) === reveal(value)
            ? found
            : { ...found, differs: true };
        },
        diff: (_desired, observed) => ((observed as Observed).differs === true ? [{ path: "value" }] : []),
        blocked: (observed) =>
          observed === undefined && value === undefined ? missing(name, scope) : undefined,
        create: store,
        update: (context, _desired, observed) =>
          value === undefined ? Promise.resolve(observed) : store(context),
      };
    },
    async list(context, scope) {
      const held = await listSecrets(own, context, scope);
      return held.map(({ name, version, setAt }) => ({ name, version: String(version), setAt }));
    },
    async set(context, scope, name, value) {
      const { version, setAt } = await put(context, scope, name, value);
      return { name, version: String(version), setAt };
    },
    unset: (context, scope, name) => remove(own, context, ["scopes", keyOf(scope), "secrets", name]),
    async reveal(context, scope, name) {
      const known = (await listSecrets(own, context, scope)).some((one) => one.name === name);
      if (!known) throw new DeployError(missing(name, scope));
      return readValue(context, scope, name);
    },
  };
}
