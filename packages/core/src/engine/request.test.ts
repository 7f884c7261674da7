import { describe, expect, it } from "vitest";
import { DeployError } from "../errors.js";
import { request } from "./request.js";
import { isTransient, retry } from "./retry.js";
import { createVirtualClock } from "./testing/virtual-clock.js";

const clock = createVirtualClock();
const url = "https://api.example.org/v1/things?key=hunter2hunter2";

function contextOf(
  answers: readonly (Response | Error | "hang")[],
  signal: AbortSignal = new AbortController().signal,
) {
  const times: number[] = [];
  let at = 0;
  const answer = (init: RequestInit | undefined): Promise<Response> => {
    times.push(clock.now());
    const next = answers[Math.min(at, answers.length - 1)]!;
    at += 1;
    if (next instanceof Error) return Promise.reject(next);
    if (next !== "hang") return Promise.resolve(next);
    return new Promise((_resolve, reject) => {
      init!.signal!.addEventListener("abort", () => reject(init!.signal!.reason));
    });
  };
  return { times, context: { clock, signal, fetch: ((_url, init) => answer(init)) as typeof fetch } };
}

function json(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { "content-type": "application/json", ...headers },
  });
}

async function failure(running: Promise<unknown>): Promise<DeployError> {
  const error: unknown = await running.catch((thrown: unknown) => thrown);
  if (!DeployError.is(error)) throw new Error("it did not fail as it should");
  return error;
}

describe("a request", () => {
  it("is repeated where that is safe, and keeps to what the vendor asks for", async () => {
    const { context, times } = contextOf([
      new TypeError("fetch failed"),
      json(503, {}),
      json(429, {}, { "retry-after": "7" }),
      json(429, {}, { "ratelimit-reset": "9" }),
      json(200, { ok: true }),
    ]);
    expect(await (await request(context, url)).json()).toEqual({ ok: true });
    expect(times).toHaveLength(5);
    expect(times[3]! - times[2]!).toBeGreaterThanOrEqual(7_000);
    expect(times[4]! - times[3]!).toBeGreaterThanOrEqual(9_000);
    expect(times[4]! - times[0]!).toBeLessThan(20_000);
  });

  it("understands dates, and does not wait for more than a minute", async () => {
    const at = new Date(clock.now() + 30_000).toUTCString();
    const dated = contextOf([json(503, {}, { "retry-after": at }), json(200, {})]);
    await request(dated.context, url);
    expect(dated.times[1]! - dated.times[0]!).toBeGreaterThanOrEqual(29_000);
    const long = contextOf([json(429, {}, { "retry-after": "3600" })]);
    expect((await failure(request(long.context, url))).details).toMatchObject({ retryAfterMs: 3_600_000 });
    expect(long.times).toHaveLength(1);
  });

  it("is not repeated when it changes something, unless it is said to be safe", async () => {
    for (const [method, safe, count] of [
      ["POST", undefined, 1],
      ["PUT", true, 5],
      ["DELETE", undefined, 1],
    ] as const) {
      const { context, times } = contextOf([new TypeError("fetch failed")]);
      const error = await failure(request(context, url, { method }, safe === undefined ? {} : { safe }));
      expect(error).toMatchObject({ code: "http.unreachable", retryable: true });
      expect(times).toHaveLength(count);
    }
  });

  it("ends at its timeout, and at once when it is cancelled", async () => {
    const slow = contextOf(["hang"]);
    const started = clock.now();
    const error = await failure(
      request(slow.context, url, { method: "POST" }, { timeoutMs: 4_000, code: "dns" }),
    );
    expect(error).toMatchObject({ code: "dns.timeout", retryable: true });
    expect(clock.now() - started).toBe(4_000);
    const stop = new AbortController();
    const running = failure(request(contextOf(["hang"], stop.signal).context, url));
    stop.abort();
    expect((await running).code).toBe("run.cancelled");
    expect((await failure(request(contextOf(["hang"], stop.signal).context, url))).code).toBe(
      "run.cancelled",
    );
  });

  it("names its errors by status", async () => {
    for (const [status, code] of [
      [400, "dns.refused"],
      [401, "dns.unauthenticated"],
      [403, "dns.forbidden"],
      [404, "dns.not-found"],
      [409, "dns.conflict"],
      [422, "dns.refused"],
    ] as const) {
      const error = await failure(
        request(contextOf([json(status, { message: "Nope" })]).context, url, {}, { code: "dns" }),
      );
      expect(error).toMatchObject({ code, retryable: false, details: { status } });
      expect(error.message).toBe(`GET https://api.example.org/v1/things was answered with ${status}: Nope`);
    }
  });

  it("never quotes what was sent, long bodies, or control characters", async () => {
    const secret = "hunter2hunter2";
    const sent: [string, RequestInit][] = [
      [url, {}],
      ["https://api.example.org/", { headers: { authorization: `Bearer ${secret}` } }],
      ["https://api.example.org/", { method: "POST", body: JSON.stringify({ deep: [{ key: secret }] }) }],
      ["https://api.example.org/", { method: "POST", body: new URLSearchParams({ key: secret }) }],
    ];
    for (const [address, init] of sent) {
      const error = await failure(
        request(contextOf([json(400, { message: `bad value ${secret}` })]).context, address, init),
      );
      expect(JSON.stringify(error)).not.toContain(secret);
    }
    const long = await failure(request(contextOf([json(400, { message: "x".repeat(5_000) })]).context, url));
    expect(long.message.length).toBeLessThan(100);
    const nasty = await failure(request(contextOf([json(400, { error: "a\u001b[31m\nb" })]).context, url));
    expect(nasty.message).toMatch(/: a \[31m b$/);
  });
});

describe("retry", () => {
  it("repeats what may succeed later, so many times and no more", async () => {
    const context = { clock, signal: new AbortController().signal };
    let calls = 0;
    const pauses: number[] = [];
    const error = Object.assign(new Error("x"), { code: "ECONNRESET" });
    const failing = retry(
      context,
      async () => {
        calls += 1;
        throw error;
      },
      { attempts: 4, onRetry: (_error, _attempt, delayMs) => pauses.push(delayMs) },
    );
    await expect(failing).rejects.toBe(error);
    expect(calls).toBe(4);
    pauses.forEach((pause, n) => {
      expect(pause).toBeLessThanOrEqual(200 * 2 ** n);
    });
    expect(isTransient(new Error("plain"))).toBe(false);
    expect(isTransient(new TypeError("fetch failed", { cause: error }))).toBe(true);
  });
});
