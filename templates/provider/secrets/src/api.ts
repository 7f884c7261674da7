import {
  type Context,
  type CredentialField,
  DeployError,
  type Identity,
  type Redacted,
  redact,
  request,
  reveal,
} from "@deploy/core";

/** A secret as Nimbus Cloud lists it: without its value. */
export interface VendorSecret {
  readonly path: string;
  /** The same value again keeps the present one. */
  readonly version: number;
  /** ISO 8601, UTC. */
  readonly setAt: string;
}

/** The calls that this provider makes. */
export interface Api {
  identity(context: Context): Promise<Identity>;
  /** Everything whose path begins with `prefix`. */
  list(context: Context, prefix: string): Promise<readonly VendorSecret[]>;
  put(context: Context, path: string, value: Redacted): Promise<VendorSecret>;
  /** The newest value; undefined when there is none. */
  value(context: Context, path: string): Promise<Redacted | undefined>;
  /** "Already gone" is success. */
  remove(context: Context, path: string): Promise<void>;
}

interface Page<Item> {
  readonly items: readonly Item[];
  readonly next: string | null;
}

/** The only file that talks to the vendor. */
export function createApi(
  credentials: Readonly<Record<"token" | "url", CredentialField>>,
  url: string | undefined,
): Api {
  const call = async (context: Context, method: string, path: string, body?: unknown): Promise<Response> => {
    const base = url ?? context.env[credentials.url.env] ?? "https://api.nimbus-cloud.example";
    const headers = {
      authorization: `Bearer ${tokenIn(context, credentials.token)}`,
      "content-type": "application/json",
    };
    const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    return request(context, `${base}${path}`, init, { code: "secrets" });
  };
  const json = async <Data>(context: Context, response: Response): Promise<Data> => {
    try {
      return (await response.json()) as Data;
    } catch {
      context.signal.throwIfAborted();
      // Not as a cause: what the parser says quotes the body, and the body may be a secret.
      throw new DeployError({
        code: "secrets.unreadable",
        message: "Nimbus Cloud answered with something that is not the JSON it should be.",
        hint: "Run the same again; if it stays so, look at the vendor's status page.",
        retryable: true,
      });
    }
  };
  const get = async <Data>(context: Context, path: string): Promise<Data> =>
    json(context, await call(context, "GET", path));
  const all = async <Item>(context: Context, path: string): Promise<readonly Item[]> => {
    const items: Item[] = [];
    let page: Page<Item> = { items: [], next: "" };
    while (page.next !== null) {
      page = await get(context, `${path}&after=${encodeURIComponent(page.next)}`);
      items.push(...page.items);
    }
    return items;
  };
  const at = (path: string): string => `/secrets/${encodeURIComponent(path)}`;
  const unlessGone = async <T>(work: Promise<T>): Promise<T | undefined> => {
    try {
      return await work;
    } catch (error) {
      if (DeployError.is(error) && error.code === "secrets.not-found") return undefined;
      throw error;
    }
  };

  return {
    async identity(context) {
      const { account, email } = await get<{ account: string; email: string }>(context, "/account");
      return { account, label: `${email} at Nimbus Cloud` };
    },
    list: (context, prefix) => all(context, `/secrets?prefix=${encodeURIComponent(prefix)}`),
    put: async (context, path, value) =>
      json(context, await call(context, "PUT", at(path), { value: reveal(value) })),
    async value(context, path) {
      const held = await unlessGone(get<{ value: string }>(context, at(path)));
      return held === undefined ? undefined : redact(held.value);
    },
    async remove(context, path) {
      await unlessGone(call(context, "DELETE", at(path)));
    },
  };
}

/** Looked up when a call is made: a plan that needs no call needs no token either. */
function tokenIn(context: Context, field: CredentialField): string {
  const token = context.env[field.env];
  if (token !== undefined && token !== "") return token;
  throw new DeployError({
    code: "secrets.unauthenticated",
    message: `${field.env} is not set: ${field.label}.`,
    hint: `Get one at ${field.docs}, and set ${field.env}.`,
  });
}
