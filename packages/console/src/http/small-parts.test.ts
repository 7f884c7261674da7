import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { DeployError } from "@deploy/core";
import { expect, test } from "vitest";
import type { Caller } from "../access/types.js";
import { createPeerReader } from "./address.js";
import { errorAnswer } from "./errors.js";
import { placeOf } from "./place.js";
import { readStaticFiles } from "./static.js";
import { createTickets, TICKET_LIFE } from "./tickets.js";

const from = (remoteAddress: string, headers: Record<string, string> = {}): IncomingMessage =>
  ({ socket: { remoteAddress }, headers }) as unknown as IncomingMessage;

test("rule 7: a forwarded address is believed from a configured proxy only, and only its own part of the list", () => {
  const read = createPeerReader(["10.0.0.0/8", "fd00::/8", "192.0.2.7"]);
  const chain = { "x-forwarded-for": "6.6.6.6, 203.0.113.9, 10.1.1.1", "x-forwarded-proto": "http, https" };
  expect(read(from("203.0.113.5", chain))).toEqual({ address: "203.0.113.5" });
  expect(read(from("::ffff:10.0.0.3", chain))).toEqual({ address: "203.0.113.9", protocol: "https" });
  expect(read(from("fd00::1", { "x-forwarded-for": "2001:db8::1" }))).toEqual({ address: "2001:db8::1" });
  expect(read(from("192.0.2.7", { "x-forwarded-for": "nonsense" }))).toEqual({ address: "192.0.2.7" });
  expect(createPeerReader([])(from("127.0.0.1", chain))).toEqual({ address: "127.0.0.1" });
});

const person = (sessionId: string): Caller => ({
  kind: "person",
  sessionId,
  person: { id: "p", email: "p@example.org", name: "P", createdAt: 0, ways: [] },
});

test("rule 3: a ticket opens once, soon, for its session and for its path", () => {
  let now = 1_000;
  const tickets = createTickets(() => now);
  const issue = (): string => tickets.issue(person("one"), "/shell");
  const once = issue();
  expect(tickets.redeem(once, person("one"), "/shell")).toBe(true);
  expect(tickets.redeem(once, person("one"), "/shell")).toBe(false);
  expect(tickets.redeem(issue(), person("two"), "/shell")).toBe(false);
  expect(tickets.redeem(issue(), person("one"), "/other")).toBe(false);
  expect(tickets.redeem("invented", person("one"), "/shell")).toBe(false);
  expect(tickets.redeem(tickets.issue({ kind: "nobody" }, "/shell"), { kind: "nobody" }, "/shell")).toBe(
    false,
  );
  const late = issue();
  now += TICKET_LIFE;
  expect(tickets.redeem(late, person("one"), "/shell")).toBe(false);
});

test("an error tells its code, message and hint; never its cause, details or stack, and of a stranger nothing", async () => {
  const known = errorAnswer(
    new DeployError({
      ...{ code: "sign-in.throttled", message: "Too many.", hint: "Wait.", cause: new Error("password=x") },
      details: { status: 429, retryAfter: 2.5, internal: "secret" },
    }),
  );
  expect(known.status).toBe(429);
  expect(known.headers.get("retry-after")).toBe("3");
  expect(await known.json()).toEqual({
    error: { code: "sign-in.throttled", message: "Too many.", hint: "Wait." },
  });
  const strange = errorAnswer(new Error("postgres://user:password@host"));
  expect(strange.status).toBe(500);
  expect(await strange.text()).not.toContain("password");
  const refused = (code: string): number => errorAnswer(new DeployError({ code, message: "" })).status;
  expect(
    ["containers.failed", "console.not-found", "environment.confirmation-needed", "app.bad"].map(refused),
  ).toEqual([502, 404, 409, 400]);
});

test("a console answers to its own names", () => {
  const open = placeOf({ host: "127.0.0.1" }, 4300);
  expect(["127.0.0.1:4300", "LOCALHOST:4300", "[::1]:4300"].every((host) => open.isOurs(host))).toBe(true);
  expect(open.isOwnOrigin("http://localhost:4300", "localhost:4300")).toBe(true);
  expect(open.isOwnOrigin("http://localhost:4300", "127.0.0.1:4300")).toBe(false);
  const team = placeOf({ host: "0.0.0.0", publicUrl: "https://console.example.org" }, 4300);
  expect(team).toMatchObject({ origin: "https://console.example.org", https: true });
  expect(["console.example.org", "127.0.0.1:4300"].every((host) => team.isOurs(host))).toBe(true);
  expect(["10.0.0.7:4300", "console.example.org:444", "evil.example"].some((host) => team.isOurs(host))).toBe(
    false,
  );
  expect(team.isOwnOrigin("http://console.example.org", "console.example.org")).toBe(false);
  expect(team.isOwnOrigin("http://127.0.0.1:4300", "127.0.0.1:4300")).toBe(false);
  const bare = placeOf({ host: "0.0.0.0" }, 4300);
  expect(bare.isOurs("192.0.2.1:4300")).toBe(true);
  expect(bare.isOurs("rebound.example:4300")).toBe(false);
});

test("files are looked up, compressed, and kept by browsers for as long as their name tells their content", async () => {
  const directory = mkdtempSync(join(tmpdir(), "deploy-pages-"));
  try {
    mkdirSync(join(directory, "assets"));
    writeFileSync(join(directory, "index.html"), "<!doctype html>");
    writeFileSync(join(directory, "assets", "main-abc.js"), "let a = 1;\n".repeat(500));
    const files = readStaticFiles(directory);
    const ask = (path: string, headers: Record<string, string> = {}): Response | undefined =>
      files.answer(new Request("http://x/", { headers }), path);
    const script = ask("/assets/main-abc.js", { "accept-encoding": "gzip, br" });
    expect(script?.headers.get("cache-control")).toContain("immutable");
    expect(script?.headers.get("content-encoding")).toBe("br");
    expect(brotliDecompressSync(Buffer.from(await (script as Response).arrayBuffer())).length).toBe(5_500);
    const zipped = ask("/assets/main-abc.js", { "accept-encoding": "gzip, br;q=0" }) as Response;
    expect(gunzipSync(Buffer.from(await zipped.arrayBuffer())).length).toBe(5_500);
    const page = ask("/apps/shop/production/logs") as Response;
    expect(page.headers.get("cache-control")).toBe("no-cache");
    expect(await page.text()).toBe("<!doctype html>");
    expect(ask("/", { "if-none-match": page.headers.get("etag") ?? "" })?.status).toBe(304);
    expect(ask("/assets/none.js")).toBeUndefined();
    expect(ask("/favicon.ico")).toBeUndefined();
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("pages that were not built are told of as such", () => {
  expect(() => readStaticFiles(join(tmpdir(), "none")).answer(new Request("http://x/"), "/")).toThrow();
});
