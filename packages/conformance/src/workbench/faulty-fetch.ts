import type { Subject } from "../subject.js";

/** One request that a provider made through `context.fetch`. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly body: string;
  readonly reads: boolean;
  /** Sent twice it does no more than sent once. */
  readonly repeatable: boolean;
}

/** What happens to a request instead of, or after, being answered. */
export type Fault =
  /** No answer ever, until the signal of the request is aborted. */
  | { readonly kind: "hang" }
  /** This answer, without asking the vendor. */
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly body: string;
      readonly headers?: Record<string, string>;
    }
  /** The vendor does it, and the answer is lost. */
  | { readonly kind: "lose-answer" }
  /** The vendor gets it a second time, and what it answers to that is lost; a body that flows is there but once. */
  | { readonly kind: "twice" };

/** A `fetch` which can be disturbed, and remembers what it was asked. */
export interface FaultyFetch {
  readonly fetch: typeof fetch;
  readonly seen: readonly SeenRequest[];
}

/** Wraps `base`: `decide` says what becomes of each request; undefined lets it pass. */
export function faultyFetch(
  subject: Subject,
  base: typeof fetch,
  decide: (request: SeenRequest, number: number) => Fault | undefined = () => undefined,
): FaultyFetch {
  const seen: SeenRequest[] = [];
  const call = async (input: Parameters<typeof fetch>[0], init: RequestInit = {}): Promise<Response> => {
    const url = input instanceof Request ? input.url : String(input);
    const method = (init.method ?? (input instanceof Request ? input.method : "GET")).toUpperCase();
    const request: SeenRequest = {
      method,
      url,
      body: textOf(init.body),
      reads: subject.isRead?.(url, init) ?? ["GET", "HEAD", "OPTIONS"].includes(method),
      repeatable:
        new Headers(init.headers).has("idempotency-key") ||
        (subject.isIdempotent?.(url, init) ?? ["PUT", "DELETE"].includes(method)),
    };
    seen.push(request);
    const fault = decide(request, seen.length);
    const signal = init.signal ?? (input instanceof Request ? input.signal : undefined);
    if (fault?.kind === "hang") return hang(signal);
    if (fault?.kind === "answer") {
      const { status, body, headers } = fault;
      return new Response(body, { status, headers: { "content-type": "application/json", ...headers } });
    }
    const answer = await base(input, init);
    if (fault?.kind === "twice") {
      if (!isHeld(init.body)) return answer;
      const second = await base(input, init);
      await second.arrayBuffer();
      return answer;
    }
    if (fault?.kind !== "lose-answer") return answer;
    await answer.arrayBuffer();
    throw new TypeError("fetch failed", {
      cause: Object.assign(new Error("the connection was reset"), { code: "ECONNRESET" }),
    });
  };
  return { fetch: call as typeof fetch, seen };
}

/** Whether a body can be sent again: a stream is used up. */
function isHeld(body: RequestInit["body"]): boolean {
  return body == null || typeof body === "string" || body instanceof Uint8Array;
}

/** As far as it can be told without reading it: requests are compared by it. */
function textOf(body: RequestInit["body"]): string {
  if (typeof body === "string") return body;
  return body instanceof Uint8Array ? new TextDecoder().decode(body) : "";
}

function hang(signal: AbortSignal | null | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
