import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Clock, DeployError } from "@deploy/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type CallContext, createApi, path } from "./api.js";

/** A clock whose pauses take no time, and are remembered. */
function quickClock(): Clock & { readonly pauses: number[] } {
  let now = 1_000_000;
  const pauses: number[] = [];
  return {
    pauses,
    now: () => now,
    sleep: async (milliseconds, signal) => {
      signal?.throwIfAborted();
      pauses.push(milliseconds);
      now += milliseconds;
    },
  };
}

let origin: string;
let close: () => Promise<void>;
let answer: (request: IncomingMessage, body: string, response: ServerResponse) => void;
const seen: { method: string; url: string; headers: IncomingMessage["headers"]; body: string }[] = [];
let count = 0;

beforeEach(async () => {
  seen.length = 0;
  answer = (_request, _body, response) => response.end("{}");
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (chunk: string) => {
      body += chunk;
    });
    request.on("end", () => {
      seen.push({ method: request.method ?? "", url: request.url ?? "", headers: request.headers, body });
      answer(request, body, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
});
afterEach(() => close());

function setUp(env: Record<string, string> = {}) {
  const clock = quickClock();
  count += 1;
  const context: CallContext = {
    signal: new AbortController().signal,
    clock,
    // One token for each test: the bucket belongs to the token.
    env: { HEROKU_API_KEY: `token-of-test-${count}`, ...env },
    fetch: (...call) => fetch(...call),
  };
  return { api: createApi({ transport: "fetch", endpoints: { api: origin } }), context, clock };
}

async function refusal(call: Promise<unknown>): Promise<DeployError> {
  const error: unknown = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!DeployError.is(error)) throw new Error(`no DeployError, but ${String(error)}`);
  return error;
}

function refuse(response: ServerResponse, status: number, body: unknown = {}, headers = {}): void {
  response.writeHead(status, { "content-type": "application/json", "Request-Id": "r-1", ...headers });
  response.end(JSON.stringify(body));
}

describe("the Platform API", () => {
  it("encodes what goes into a path", () => {
    expect(path`/apps/${"a/b"}/domains/${"*.example.org"}?x=${1}`).toBe(
      "/apps/a%2Fb/domains/*.example.org?x=1",
    );
  });

  it("asks for the variant and the expansions it is told", async () => {
    const { api, context } = setUp();
    await api.get(context, "/apps/x", { version: "3.sdk", expand: "plan", include: "addon:plan" });
    expect(seen[0]?.headers).toMatchObject({
      accept: "application/vnd.heroku+json; version=3.sdk",
      "accept-expansion": "plan",
      "accept-inclusion": "addon:plan",
      authorization: `Bearer ${context.env.HEROKU_API_KEY}`,
    });
  });

  it("follows Next-Range to the end, with the caller's order and a limit", async () => {
    const pages = [[1, 2], [3, 4], [5]];
    answer = (request, _body, response) => {
      const index = /page(\d)/.exec(request.headers.range ?? "")?.[1] ?? "0";
      const next = Number(index) + 1;
      response.writeHead(
        next < pages.length ? 206 : 200,
        next < pages.length ? { "Next-Range": `page${next}` } : {},
      );
      response.end(JSON.stringify(pages[Number(index)]));
    };
    const { api, context } = setUp();
    expect(await api.list(context, "/apps/x/releases", { by: "version", order: "desc" })).toEqual([
      1, 2, 3, 4, 5,
    ]);
    expect(seen[0]?.headers.range).toBe("version ..; max=1000, order=desc");
    seen.length = 0;
    expect(await api.list(context, "/apps/x/releases", { by: "version", limit: 3 })).toEqual([1, 2, 3]);
    expect(seen).toHaveLength(2);
  });

  it("ends a list whose pages repeat themselves", async () => {
    answer = (_request, _body, response) => {
      response.writeHead(206, { "Next-Range": "id again..; max=1000" });
      response.end("[1]");
    };
    const { api, context } = setUp();
    expect(await api.list(context, "/apps")).toEqual([1, 1]);
  });

  it("repeats a read that failed for the moment, with pauses, and no write ever", async () => {
    let failures = 2;
    answer = (_request, _body, response) => {
      if (failures-- > 0) refuse(response, 503, { id: "unavailable", message: "try again" });
      else response.end('{"ok":true}');
    };
    const { api, context, clock } = setUp();
    expect(await api.get(context, "/apps/x")).toEqual({ ok: true });
    expect(seen).toHaveLength(3);
    expect(clock.pauses).toHaveLength(2);
    for (const call of [
      () => api.post(context, "/apps", { name: "x" }),
      () => api.patch(context, "/apps/x", {}),
      () => api.put(context, "/apps/x", {}),
      () => api.delete(context, "/apps/x"),
    ]) {
      failures = 1;
      seen.length = 0;
      expect((await refusal(call())).code).toBe("heroku.unavailable");
      expect(seen).toHaveLength(1);
    }
  });

  it("keeps to Retry-After where one comes", async () => {
    let first = true;
    answer = (_request, _body, response) => {
      if (first) refuse(response, 429, { id: "rate_limit" }, { "Retry-After": "7" });
      else response.end("{}");
      first = false;
    };
    const { api, context, clock } = setUp();
    await api.get(context, "/apps/x");
    expect(clock.pauses[0]).toBeGreaterThanOrEqual(7_000);
  });

  it("knows after a 429 that nothing is left, and never calls more than 75 times a minute then", async () => {
    const { api, context, clock } = setUp();
    answer = (_request, _body, response) => refuse(response, 429, { id: "rate_limit", message: "slow down" });
    const error = await refusal(api.post(context, "/apps", {}));
    expect(error).toMatchObject({ code: "heroku.throttled", retryable: true });
    expect(error.hint).toContain("75 come back each minute");
    answer = (_request, _body, response) => response.end("{}");
    const began = clock.now();
    for (let call = 0; call < 75; call += 1) await api.get(context, "/apps/x");
    expect(clock.now() - began).toBeGreaterThanOrEqual(59_000);
  });

  it("shares what is left between all that use the token, and believes Heroku about it", async () => {
    const { api, context } = setUp();
    answer = (_request, _body, response) => {
      response.setHeader("RateLimit-Remaining", "12");
      response.end("{}");
    };
    await api.get(context, "/apps/x");
    const other = createApi({ transport: "fetch", endpoints: { api: origin } });
    expect(await other.remaining(context)).toBe(12);
  });

  it.each([
    [
      401,
      { id: "unauthorized", message: "Invalid credentials provided." },
      "heroku.unauthenticated",
      /new one/,
    ],
    [402, { id: "delinquent", message: "owes" }, "heroku.delinquent", /billing/],
    [402, { id: "invalid_params", message: "needs a plan" }, "heroku.payment-required", /costs money/],
    [403, { id: "forbidden", message: "You do not have access" }, "heroku.forbidden", /right granted/],
    [403, { id: "suspended", message: "suspended" }, "heroku.suspended", /support/],
    [
      403,
      { id: "two_factor", message: "second factor" },
      "heroku.two-factor-needed",
      /authorizations:create/,
    ],
    [404, { id: "not_found", message: "Couldn't find that app." }, "heroku.not-found", /name/],
    [409, { id: "conflict", message: "busy" }, "heroku.conflict", /run the same again/],
    [410, { id: "gone", message: "gone" }, "heroku.gone", /new one/],
    [416, { id: "requested_range_not_satisfiable" }, "heroku.bad-range", /fault of the provider/],
    [422, { id: "invalid_params", message: "Name shop is already taken" }, "heroku.name-taken", /unique/],
    [422, { id: "invalid_params", message: "Region is odd" }, "heroku.invalid", /option it names/],
    [422, { id: "verification_required", message: "card" }, "heroku.verification-needed", /verify/],
    [429, { id: "rate_limit", message: "slow" }, "heroku.throttled", /4,500/],
    [500, { id: "internal_server_error" }, "heroku.unavailable", /status\.heroku\.com/],
    [302, {}, "heroku.refused", /answered/],
  ])("says what a %i with %j means", async (status, body, code, hint) => {
    answer = (_request, _body, response) => refuse(response, status, body);
    const { api, context } = setUp();
    const error = await refusal(api.post(context, "/apps/x/things?secret=1", {}));
    expect(error.code).toBe(code);
    expect(error.hint).toMatch(hint);
    expect(error.message).toContain(`POST /apps/x/things with ${status}`);
    expect(error.message).not.toContain("secret=1");
    if ("message" in body) expect(error.message).toContain(body.message);
    expect(error.details).toMatchObject({ status, requestId: "r-1" });
  });

  it("repeats neither the token nor a value that was sent, whatever Heroku answers", async () => {
    const { api, context } = setUp();
    answer = (_request, body, response) =>
      refuse(response, 422, { id: "invalid_params", message: `bad: ${body} ${context.env.HEROKU_API_KEY}` });
    const error = await refusal(
      api.patch(context, "/apps/x/config-vars", { KEY: "hunter22" }, { sensitive: true }),
    );
    expect(JSON.stringify(error)).not.toMatch(/hunter22|token-of-test/);
    expect(error.message).toBe("Heroku answered PATCH /apps/x/config-vars with 422.");
  });

  it("says so when an answer is no JSON", async () => {
    answer = (_request, _body, response) => response.end("<html>log in</html>");
    const { api, context } = setUp();
    expect((await refusal(api.get(context, "/apps/x"))).code).toBe("heroku.unreadable");
  });

  it("calls nobody without a token, and says where it looked", async () => {
    const { api, context } = setUp({ HEROKU_API_KEY: "", HOME: "/nonexistent", PATH: "/nonexistent" });
    const error = await refusal(api.get(context, "/apps"));
    expect(error.code).toBe("heroku.no-credentials");
    expect(error.message).toContain("HEROKU_API_KEY");
    expect(seen).toHaveLength(0);
  });

  it("sends the token over plain HTTP to nobody but this machine", async () => {
    const { context } = setUp();
    const api = createApi({ endpoints: { api: "http://heroku.example.org" } });
    expect((await refusal(api.get(context, "/apps"))).code).toBe("heroku.bad-endpoint");
  });

  it("calls nobody under a signal that is aborted already", async () => {
    const { api, context } = setUp();
    await expect(
      api.get({ ...context, signal: AbortSignal.abort(new Error("stop")) }, "/apps"),
    ).rejects.toThrow("stop");
    expect(seen).toHaveLength(0);
  });
});
