import { type Context, DeployError, findZone, normaliseName, retry } from "@deploy/core";
import { cancelled, toError, tokenPage, tokenVariable } from "./errors.js";
import type { Operation } from "./operations.js";
import type { Sdk } from "./sdk.js";

/** A zone, as far as it is looked into. */
export interface Zone {
  readonly id: string;
  readonly name: string;
  readonly status?: string;
  readonly name_servers: readonly string[];
  readonly account: { readonly id?: string; readonly name?: string };
  /** Deprecated in the schema, and the one place where a token that may only see zones finds the plan. */
  readonly plan: { readonly legacy_id?: string };
}

/** Calls to Cloudflare. */
export interface Api {
  /** Makes a call; one that only reads is repeated when it fails for the moment, any other never. */
  ask<T>(context: Context, operation: Operation, zone: string | undefined, call: Call<T>): Promise<T>;
  /**
   * Every page of a list, read at once after the first has told how many there are; each item once. A list with a `name` is
   * remembered by it: as many pages as it had the last time are read at once together with the first.
   */
  pages<T extends { readonly id: string }>(
    context: Context,
    operation: Operation,
    zone: string | undefined,
    page: (
      sdk: Sdk,
      number: number,
      signal: { signal: AbortSignal },
    ) => PromiseLike<{ readonly result: readonly T[] }>,
    name?: string,
  ): Promise<readonly T[]>;
  /** All zones of the token, read once in a plan. */
  zones(context: Context): Promise<readonly Zone[]>;
  /** One zone by its name, remembered; throws `cloudflare.no-zone`. */
  zone(context: Context, name: string): Promise<Zone>;
  /** The zone that holds a host: the one with the longest name; throws `cloudflare.no-zone`. */
  zoneOf(context: Context, host: string): Promise<Zone>;
}

type Call<T> = (sdk: Sdk, signal: { signal: AbortSignal }) => PromiseLike<T>;

const writes: ReadonlySet<Operation> = new Set([
  "batch",
  "editSetting",
  "makeRedirects",
  "addRedirect",
  "editRedirect",
  "removeRedirect",
]);

/** Calls below `endpoint`, about these zones alone where some are named. Nothing is loaded before the first. */
export function createApi(endpoint: string, only?: readonly string[]): Api {
  const known = new Map<string, Zone>();
  const pageCounts = new Map<string, number>();

  const ask: Api["ask"] = async (context, operation, zone, call) => {
    if (context.signal.aborted) throw cancelled(context.signal.reason);
    const token = tokenOf(context.env);
    const { createSdk } = await import("./sdk.js");
    const sdk = createSdk(token, endpoint, carrier(context, token));
    return retry(
      context,
      async () => {
        // The client leaves its listener on whatever signal it gets: one that ends with the call.
        const own = new AbortController();
        const abort = (): void => own.abort(context.signal.reason);
        context.signal.addEventListener("abort", abort, { once: true });
        try {
          return await call(sdk, { signal: own.signal });
        } catch (thrown) {
          const error = toError(thrown, context, operation, zone);
          if (error.code === "cloudflare.no-zone" && zone !== undefined) known.delete(zone);
          throw error;
        } finally {
          context.signal.removeEventListener("abort", abort);
        }
      },
      { attempts: writes.has(operation) ? 1 : 5 },
    );
  };

  const pages: Api["pages"] = async (context, operation, zone, page, name) => {
    const read = (from: number, to: number) =>
      Promise.all(
        Array.from({ length: Math.max(0, to - from + 1) }, (_, index) =>
          ask(context, operation, zone, (sdk, signal) => page(sdk, from + index, signal)),
        ),
      );
    const expected = (name === undefined ? undefined : pageCounts.get(name)) ?? 1;
    const early = await read(1, expected);
    // The client's own paging asks for one page more, to find it empty.
    const { total_pages = 1 } = (early[0] as { result_info?: { total_pages?: number } }).result_info ?? {};
    if (name !== undefined) pageCounts.set(name, Math.max(1, total_pages));
    const items = [...early, ...(await read(expected + 1, total_pages))].flatMap(({ result }) => result);
    // What others add meanwhile moves the rest from page to page.
    return [...new Map(items.map((item) => [item.id, item])).values()];
  };

  const zones = async (context: Context, name?: string): Promise<readonly Zone[]> => {
    const query = { per_page: 50, ...(name === undefined ? {} : { name }) };
    const all = await pages<Zone>(context, "zones", undefined, (sdk, page, signal) =>
      sdk.zones.list({ ...query, page }, signal),
    );
    const found = only === undefined ? all : all.filter((zone) => only.includes(zone.name));
    for (const zone of found) known.set(zone.name, zone);
    return found;
  };

  const all = (context: Context): Promise<readonly Zone[]> =>
    context.shared("cloudflare/zones", () => zones(context));

  const zone = async (context: Context, name: string): Promise<Zone> => {
    const found = known.get(name) ?? (await zones(context, name)).find((one) => one.name === name);
    if (found !== undefined) return found;
    throw new DeployError({
      code: "cloudflare.no-zone",
      message: `The token of ${tokenVariable} reaches no zone ${name}.`,
      hint: "The zone is not there, is in another account, or is not among those the token is allowed for.",
    });
  };

  return {
    ask,
    pages,
    zones: all,
    zone,
    async zoneOf(context, host) {
      const names = (await all(context)).map(({ name }) => name);
      return zone(context, findZone(names, host) ?? normaliseName(host).replace(/^\*\./, ""));
    },
  };
}

function tokenOf(env: Context["env"]): string {
  const token = env[tokenVariable]?.trim();
  if (token && /^[\x21-\x7e]+$/.test(token)) return token;
  throw new DeployError({
    code: token ? "cloudflare.bad-credentials" : "cloudflare.no-credentials",
    message: token
      ? `${tokenVariable} holds no API token: it has characters that no token has.`
      : `${tokenVariable} is not set.`,
    hint: `Make an API token at ${tokenPage} and put it into ${tokenVariable}.`,
  });
}

/**
 * The fetch that the official client gets: the run's own, with plain headers, and with failures told as failures.
 *
 * The client takes a 200 with `success: false` for a result that is null, and a page of HTML for an empty list.
 */
function carrier(context: Context, token: string): typeof fetch {
  return async (url, init = {}) => {
    const { method = "GET", body, signal } = init;
    const headers = {
      Authorization: `Bearer ${token}`,
      Accept: "application/json",
      "Content-Type": "application/json",
    };
    const request = {
      method,
      headers,
      ...(body == null ? {} : { body }),
      ...(signal == null ? {} : { signal }),
    };
    const response = await context.fetch(url, request);
    const text = await response.text();
    const answer = readAnswer(text);
    const { status, headers: answered } = response;
    if (!response.ok) return new Response(text, { status, headers: answered });
    if (answer?.success !== true)
      return new Response(text, { status: answer ? 422 : 502, headers: answered });
    // Read already: a page of five thousand records is not to be read twice.
    return Object.assign(new Response(null, { headers: answered }), { json: () => Promise.resolve(answer) });
  };
}

function readAnswer(text: string): { readonly success?: boolean } | undefined {
  try {
    return JSON.parse(text) as { success?: boolean };
  } catch {
    return undefined;
  }
}
