import { Refusal } from "./vendor-request.js";
import { routes } from "./vendor-routes.js";
import type { VendorState } from "./vendor-state.js";

/** The credential that the vendor takes. */
export const referenceToken = "reference-token-7Fq2mZ";

/** A vendor in memory, spoken to by HTTP through {@link ReferenceVendor.fetch}. */
export interface ReferenceVendor {
  /** A `fetch` that leads to this vendor, and to nobody else. */
  readonly fetch: typeof fetch;
  readonly state: VendorState;
  /** Requests it has answered. */
  requests(): number;
  /** Forgets everything but its zones, which are empty again. */
  reset(): void;
  /** Refuses every call from now on, so that nobody who still follows something goes on for ever. */
  close(): void;
}

/** A vendor that holds nothing yet. */
export function referenceVendor(zones: readonly string[] = ["example.test"]): ReferenceVendor {
  const state: VendorState = { scopes: new Map(), zones: new Map(), images: new Map(), numbers: 0 };
  let answered = 0;
  let closed = false;
  const reset = (): void => {
    state.scopes.clear();
    state.images.clear();
    state.zones.clear();
    for (const zone of zones) state.zones.set(zone, []);
  };
  reset();
  const close = (): void => {
    closed = true;
  };
  const call = async (input: Parameters<typeof fetch>[0], init: RequestInit = {}): Promise<Response> => {
    const signal = init.signal ?? undefined;
    signal?.throwIfAborted();
    if (closed) return answer(410, { error: "this vendor is closed" });
    answered += 1;
    // One turn of the event loop, so that two calls can overtake each other.
    await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
    const url = new URL(String(input));
    const authorization = new Headers(init.headers).get("authorization");
    if (authorization !== `Bearer ${referenceToken}`) return answer(401, { error: "who are you?" });
    const method = (init.method ?? "GET").toUpperCase();
    const path = url.pathname.split("/").slice(1).map(decodeURIComponent);
    const route = routes[`${method} ${path[0]}${path[2] === undefined ? "" : `/${path[2]}`}`];
    if (route === undefined) return answer(404, { error: "no such call" });
    try {
      const body = typeof init.body === "string" ? (JSON.parse(init.body) as Record<string, unknown>) : {};
      return answer(200, await route({ state, path, query: url.searchParams, body, signal }));
    } catch (thrown) {
      if (thrown instanceof Refusal) return answer(thrown.status, { error: thrown.message });
      throw thrown;
    }
  };
  return {
    fetch: call as typeof fetch,
    state,
    requests: () => answered,
    reset,
    close,
  };
}

function answer(status: number, body: unknown): Response {
  return Response.json(body ?? null, { status });
}
