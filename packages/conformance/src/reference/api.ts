import {
  type AnyResource,
  type Context,
  DeployError,
  type ElementName,
  type In,
  type Resource,
  request,
  type Scope,
} from "@deploy/core";
import type { HeldThing } from "./vendor-state.js";

/** What every element of the reference provider works with. */
export interface Surroundings {
  readonly name: string;
  /** Instead of the context's: where the vendor is not behind it. */
  readonly fetch?: typeof fetch;
  readonly token?: string;
}

/** The variable that the credential is read from. */
export const tokenVariable = "REFERENCE_TOKEN";

/** One call of the vendor. `null` bodies answer as null. */
export async function call<T>(
  own: Surroundings,
  context: Context,
  method: string,
  path: readonly string[],
  options: {
    readonly body?: unknown;
    readonly query?: Readonly<Record<string, string>>;
    readonly code?: string;
  } = {},
): Promise<T> {
  const token = own.token ?? context.env[tokenVariable];
  if (token === undefined) {
    throw new DeployError({
      code: "reference.no-credentials",
      message: "There is no token for the reference vendor.",
      hint: `Set ${tokenVariable}.`,
    });
  }
  const url = new URL(`https://reference.test/${path.map(encodeURIComponent).join("/")}`);
  for (const [name, value] of Object.entries(options.query ?? {})) url.searchParams.set(name, value);
  const response = await request(
    own.fetch === undefined ? context : { ...context, fetch: own.fetch },
    url,
    {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
    },
    { code: options.code ?? "reference" },
  );
  return (await response.json()) as T;
}

/** The vendor's key of a scope. */
export function keyOf(scope: Scope): string {
  return `${scope.app}/${scope.environment}`;
}

/** The id of a resource. */
export function idOf(own: Surroundings, element: ElementName, scope: Scope, name: string): string {
  return `${own.name}/${element}/${keyOf(scope)}/${name}`;
}

/** Deletes something; that it is gone already is success. */
export async function remove(
  own: Surroundings,
  context: Context,
  path: readonly string[],
  query: Readonly<Record<string, string>> = {},
): Promise<void> {
  try {
    await call(own, context, "DELETE", path, { query });
  } catch (thrown) {
    if (!DeployError.is(thrown) || thrown.code !== "reference.not-found") throw thrown;
  }
}

/** The things of a scope, asked for once per plan. */
export function listThings(own: Surroundings, context: Context, scope: Scope): Promise<readonly HeldThing[]> {
  return context.shared(`${own.name}/things/${keyOf(scope)}`, () =>
    call<HeldThing[]>(own, context, "GET", ["scopes", keyOf(scope), "things"]),
  );
}

/** What a thing is, beside its data. */
export interface ThingOptions {
  readonly element: ElementName;
  readonly name: string;
  readonly label: string;
  readonly after?: readonly AnyResource[];
  readonly holdsData?: string;
}

/** A resource that is what it should be, under its id, with its owner written on it. */
export function thing<Desired extends object>(
  own: Surroundings,
  scope: Scope,
  options: ThingOptions,
  desired: In<Desired>,
): Resource<Desired, Desired> {
  const { element, label, holdsData, after } = options;
  const id = idOf(own, element, scope, options.name);
  const put = async (context: Context, state: unknown): Promise<Desired> => {
    const held: Partial<HeldThing> = {
      label,
      element,
      owner: "deploy",
      state: state as HeldThing["state"],
      ...(holdsData === undefined ? {} : { holdsData }),
    };
    await call(own, context, "PUT", ["scopes", keyOf(scope), "things", id], { body: held });
    return state as Desired;
  };
  return {
    id,
    label,
    provider: own.name,
    element,
    desired,
    pollEvery: 5,
    ...(after === undefined ? {} : { after }),
    ...(holdsData === undefined ? {} : { holdsData }),
    async read(context) {
      const found = (await listThings(own, context, scope)).find((one) => one.id === id);
      if (found === undefined) return undefined;
      const state = found.state as Desired;
      if (found.owner === "deploy") return state;
      return { foreign: true, description: `${label}, made by hand`, observed: state };
    },
    create: put,
    update: (context, wanted) => put(context, wanted),
    async adopt(context) {
      const things = await listThings(own, context, scope);
      return put(context, things.find((one) => one.id === id)?.state ?? {});
    },
  };
}
