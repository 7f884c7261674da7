import { type Context, type CredentialField, DeployError, type Identity, request } from "@deploy/core";

/** One record as Nimbus Cloud holds it: one value each. */
export interface VendorRecord {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly content: string;
  readonly ttl: number;
  /** Free text, at most 100 characters: where the marker goes. */
  readonly comment: string;
}

/** What is written. */
export type VendorRecordInput = Omit<VendorRecord, "id">;

/** The calls that this provider makes. */
export interface Api {
  identity(context: Context): Promise<Identity>;
  zones(context: Context): Promise<readonly string[]>;
  records(context: Context, zone: string): Promise<readonly VendorRecord[]>;
  add(context: Context, zone: string, record: VendorRecordInput): Promise<void>;
  replace(context: Context, zone: string, id: string, record: VendorRecordInput): Promise<void>;
  /** "Already gone" is success. */
  remove(context: Context, zone: string, id: string): Promise<void>;
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
    return request(context, `${base}${path}`, init, { code: "dns" });
  };
  const get = async <Data>(context: Context, path: string): Promise<Data> => {
    const response = await call(context, "GET", path);
    try {
      return (await response.json()) as Data;
    } catch {
      context.signal.throwIfAborted();
      // Not as a cause: what the parser says quotes the body.
      throw new DeployError({
        code: "dns.unreadable",
        message: `GET ${path} was answered with something that is not the JSON it should be.`,
        hint: "Run the same again; if it stays so, look at the vendor's status page.",
        retryable: true,
      });
    }
  };
  const all = async <Item>(context: Context, path: string): Promise<readonly Item[]> => {
    const items: Item[] = [];
    let page: Page<Item> = { items: [], next: "" };
    while (page.next !== null) {
      page = await get(context, `${path}?after=${encodeURIComponent(page.next)}`);
      items.push(...page.items);
    }
    return items;
  };
  const pathOf = (zone: string, id?: string): string =>
    `/zones/${encodeURIComponent(zone)}/records${id === undefined ? "" : `/${encodeURIComponent(id)}`}`;

  return {
    async identity(context) {
      const { account, email } = await get<{ account: string; email: string }>(context, "/account");
      return { account, label: `${email} at Nimbus Cloud` };
    },
    zones: async (context) => (await all<{ name: string }>(context, "/zones")).map(({ name }) => name),
    records: (context, zone) => all(context, pathOf(zone)),
    async add(context, zone, record) {
      await call(context, "POST", pathOf(zone), record);
    },
    async replace(context, zone, id, record) {
      await call(context, "PUT", pathOf(zone, id), record);
    },
    async remove(context, zone, id) {
      try {
        await call(context, "DELETE", pathOf(zone, id));
      } catch (error) {
        if (DeployError.is(error) && error.code === "dns.not-found") return;
        throw error;
      }
    },
  };
}

/** Looked up when a call is made: a plan that needs no call needs no token either. */
function tokenIn(context: Context, field: CredentialField): string {
  const token = context.env[field.env];
  if (token !== undefined && token !== "") return token;
  throw new DeployError({
    code: "dns.unauthenticated",
    message: `${field.env} is not set: ${field.label}.`,
    hint: `Get one at ${field.docs}, and set ${field.env}.`,
  });
}
