import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Route } from "../src/http/route.js";
import { routes } from "../src/http/routes.js";
import { openTestConsole, type SignedIn, type TestConsole } from "../src/http/testing/console.js";

/**
 * Every route and every socket of the table, asked for nonsense by somebody who may do everything with one app: never a
 * failure that nobody foresaw, never a word of the program's inside, never anything of another app.
 */

/** Stands in whatever belongs to the other app, and in nothing else. */
const marker = "of-the-other-app";

let it: TestConsole;
let manager: SignedIn;
const unforeseen: string[] = [];

beforeAll(async () => {
  it = await openTestConsole({
    shellApps: ["*"],
    github: { clientId: "i", clientSecret: "s", url: "http://127.0.0.1:1", apiUrl: "http://127.0.0.1:1" },
    oidc: { issuer: "http://127.0.0.1:1", clientId: "id", clientSecret: "secret" },
    onFailure: (thrown, where) => unforeseen.push(`${where}: ${thrown}`),
  });
  await it.ingest(50);
  await it.services.feed.ingest({ app: "blog", environment: "production" }, [
    { time: Date.now(), process: "web", instance: "web.1", stream: "stdout", text: `a line ${marker}` },
  ]);
  const other = await it.person(`${marker}@example.org`, { blog: "manager" });
  const run = { operation: "up", by: `somebody ${marker}` };
  const started = { as: other, method: "POST", json: run };
  expect((await it.ask("/api/apps/blog/environments/production/runs", started)).status).toBe(201);
  manager = await it.person("manager@example.org", { shop: "manager" });
});
afterAll(() => it.end());

const oddText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.constantFrom("", ".", "..", "../..", "*", ":app", "\0", "%00", "__proto__", "constructor", "toString"),
  fc.constantFrom("blog", "shop", "production", "web", "web.1", "0", "-1", "1e3", "9".repeat(40), "NaN"),
  fc.constantFrom("<script>", "'; DROP TABLE grants; --", "\u202e", "🦊", "a\r\nset-cookie: b", "(a+)+$"),
  fc.constant("x".repeat(2_000)),
);
/** What no address may have. */
const brokenPart = fc.constantFrom("%", "%E0%A4%A", "%zz", "%00", "%ff", "%2e%2e%2f", "%25");
const part = fc.oneof(
  { weight: 4, arbitrary: oddText.map(encodeURIComponent) },
  { weight: 1, arbitrary: brokenPart },
);

const queryName = fc.oneof(
  fc.constantFrom("after", "before", "around", "limit", "since", "until", "buckets", "text", "regex"),
  fc.constantFrom("level", "process", "format", "gzip", "release", "return", "code", "state", "refresh"),
  oddText,
);
const query = fc
  .array(fc.tuple(queryName, oddText), { maxLength: 4 })
  .map((pairs) =>
    pairs.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join("&"),
  );

const member = fc.constantFrom(
  ...[
    "email",
    "person",
    "role",
    "app",
    "expiresAt",
    "name",
    "password",
    "current",
    "secret",
    "grants",
    "here",
  ],
  ...[
    "instances",
    "process",
    "processes",
    "release",
    "confirm",
    "events",
    "state",
    "operation",
    "by",
    "instance",
  ],
);
const value = fc.oneof(oddText, fc.jsonValue({ maxDepth: 2 }), fc.constantFrom(1e308, -1, 0.5, null, true));
const body = fc.oneof(
  fc.dictionary(member, value, { maxKeys: 5 }).map((one) => JSON.stringify(one)),
  fc.jsonValue().map((one) => JSON.stringify(one)),
  fc.constantFrom("", "{", "[]", "null", `${"[".repeat(5_000)}${"]".repeat(5_000)}`, '{"__proto__":{"a":1}}'),
);

/** The route's path: its names are often those of what is there, so that more than the guard is asked. */
const pathTo = ({ path }: Route): fc.Arbitrary<string> => {
  const known: Readonly<Record<string, string>> = { app: "shop", environment: "production" };
  const pieces = path.split("/").map((piece) => {
    if (!piece.startsWith(":")) return fc.constant(piece);
    const there = known[piece.slice(1)];
    if (there === undefined) return part;
    return fc.oneof({ weight: 5, arbitrary: fc.constant(there) }, { weight: 1, arbitrary: part });
  });
  return fc
    .tuple(fc.tuple(...pieces), query)
    .map(([parts, asked]) => `${parts.join("/")}${asked === "" ? "" : `?${asked}`}`);
};

/** Whoever is signed out by one of the routes goes on in a new session. */
async function somebody(): Promise<SignedIn> {
  if ((await it.ask("/api/me", { as: manager })).status !== 200) {
    manager = await it.person(`manager-${performance.now()}@example.org`, { shop: "manager" });
  }
  return manager;
}

function harmless(text: string): void {
  expect(text).not.toContain(marker);
  expect(text).not.toMatch(/\n\s+at |node_modules|file:\/\/|\/src\/|SQLITE|TypeError|ENOENT|prototype/);
}

describe.each(routes.map((route) => [`${route.method} ${route.path}`, route] as const))("%s", (_, route) => {
  test("answers nonsense with a reason", { timeout: 60_000 }, async () => {
    const messages = fc.array(fc.oneof(body, fc.uint8Array()), { maxLength: 3 });
    const path = pathTo(route);
    if (route.method === "SOCKET") {
      await fc.assert(fc.asyncProperty(path, messages, knock), { numRuns: 40 });
    } else await fc.assert(fc.asyncProperty(path, body, ask), { numRuns: 40 });
    expect(unforeseen.splice(0)).toEqual([]);
  });

  async function ask(path: string, text: string): Promise<void> {
    const as = await somebody();
    const json = { "content-type": "application/json" };
    const { status, text: answer } = await it.ask(path, {
      as,
      method: route.method,
      ...(route.method === "GET" ? {} : { body: text, headers: json }),
    });
    expect(status, answer).toBeLessThan(500);
    harmless(answer);
    if (status >= 400)
      expect(JSON.parse(answer).error).toMatchObject({ code: expect.stringMatching(/^[\w.-]+$/) });
  }

  async function knock(path: string, messages: readonly (string | Uint8Array)[]): Promise<void> {
    const as = await somebody();
    const ticketed = route.method === "SOCKET" && route.ticket === true;
    const caller = await it.services.access.callerOf({ session: as.session });
    const at = new URL(path, it.url).pathname;
    const socket = it.socket(path, {
      as,
      ...(ticketed ? { ticket: it.services.tickets.issue(caller, at) } : {}),
    });
    let said = "";
    socket.on("message", (data: Buffer) => {
      said += data.toString();
    });
    const outcome = await new Promise<number>((resolve) => {
      socket.once("open", () => resolve(101));
      socket.once("unexpected-response", (_request, answer) => {
        answer.on("data", (chunk: Buffer) => {
          said += chunk.toString();
        });
        answer.on("end", () => resolve(answer.statusCode ?? 0));
      });
    });
    expect(outcome).not.toBe(500);
    if (outcome === 101) {
      const closed = new Promise<number>((resolve) => socket.once("close", resolve));
      for (const message of messages) if (socket.readyState === socket.OPEN) socket.send(message);
      socket.close();
      expect(await closed).not.toBe(1011);
    }
    harmless(said);
  }
});
