import { existsSync, readFileSync, statSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openTestConsole, type SignedIn, type TestConsole } from "./testing/console.js";

let it: TestConsole;
let viewer: SignedIn;
beforeAll(async () => {
  it = await openTestConsole();
  viewer = await it.person("viewer@example.org", { shop: "viewer" });
});
afterAll(() => it.end());

const logs = "/api/apps/shop/environments/production/logs";
const restart = "/api/apps/shop/environments/production/restart";

describe("who asks", () => {
  test("an environment with a slash in its name is found", async () => {
    const answer = await it.ask("/api/apps/shop/environments/review%2F1/logs", { as: viewer });
    expect(answer).toMatchObject({ status: 200, body: { lines: [] } });
  });

  test("nobody is told to sign in", async () => {
    expect(await it.ask(logs)).toMatchObject({
      status: 401,
      body: { error: { code: "console.not-signed-in" } },
    });
  });

  test("an app that somebody may not see answers as one that is not there", async () => {
    const hidden = await it.ask("/api/apps/blog/environments/production/logs", { as: viewer });
    const missing = await it.ask("/api/apps/none/environments/production/logs", { as: viewer });
    const really = await it.ask("/api/apps/none/environments/production/logs", { as: it.owner });
    expect(hidden.status).toBe(404);
    expect(hidden.text.replaceAll("blog", "none")).toBe(missing.text);
    expect(missing.text).toBe(really.text);
  });

  test("who may see it, but not do this, is told the role", async () => {
    const answer = await it.ask(restart, { as: viewer, method: "POST", json: {} });
    expect(answer.status).toBe(403);
    expect(answer.body.error.message).toContain("operator");
  });
});

describe("rule 3: writes by cookie come from our own pages", () => {
  const write = { method: "POST", json: { ...{ instances: {} } } };
  const path = "/api/sign-out";

  test.each([
    ["no Origin", { origin: undefined }],
    ["another Origin", { origin: "http://evil.example" }],
    ["our host on another port", { origin: "http://127.0.0.1:1" }],
    ["null", { origin: "null" }],
    ["no header of ours", { "x-deploy-console": undefined }],
    ["a page of another site", { "sec-fetch-site": "cross-site" }],
    ["a page of another host of the site", { "sec-fetch-site": "same-site" }],
  ])("%s is refused", async (_, headers) => {
    const answer = await it.ask(path, { ...write, as: it.owner, headers });
    expect(answer).toMatchObject({ status: 403, body: { error: { code: "console.forged-request" } } });
    expect((await it.ask("/api/me", { as: it.owner })).status).toBe(200);
  });

  test("signing in is refused as well: nobody is signed in as somebody else", async () => {
    const answer = await it.ask("/api/sign-in/password", {
      ...write,
      headers: { origin: "http://evil.example" },
    });
    expect(answer.status).toBe(403);
  });

  test("a foreign page reads nothing either", async () => {
    const answer = await it.ask("/api/me", { as: it.owner, headers: { "sec-fetch-site": "cross-site" } });
    expect(answer.status).toBe(403);
  });
});

describe("names", () => {
  test.each(["evil.example", "evil.example:80", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example"])(
    "a name that was bound to our address (%j) gets nothing",
    async (host) => {
      const answer = await it.ask("/api/me", { as: it.owner, headers: { host } });
      expect([400, 421]).toContain(answer.status);
      expect(answer.text).not.toContain("owner@example.org");
    },
  );

  test("loopback is known by its names", async () => {
    for (const name of ["localhost", "[::1]", "127.0.0.1"]) {
      const answer = await it.ask("/api/me", { as: it.owner, headers: { host: `${name}:${it.port}` } });
      expect(answer.status).toBe(200);
    }
  });

  test("health is told to whoever asks, and nothing else is", async () => {
    const answer = await it.ask("/healthz", { headers: { host: "10.0.0.7" } });
    expect(answer).toMatchObject({ status: 200, body: { status: "ok" } });
  });
});

describe("what comes with every answer", () => {
  test.each(["/", "/api/me", "/api/none", "/healthz", "/apps/shop/production/logs"])("%s", async (path) => {
    const { headers } = await it.ask(path, { as: it.owner });
    expect(headers["content-security-policy"]).toContain(
      "default-src 'none'; script-src 'self'; style-src 'self'",
    );
    expect(headers["content-security-policy"]).toContain("frame-ancestors 'none'");
    expect(headers["content-security-policy"]).not.toContain("unsafe");
    expect(headers).toMatchObject({
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-resource-policy": "same-origin",
    });
    expect(headers["strict-transport-security"]).toBeUndefined();
    expect(headers["access-control-allow-origin"]).toBeUndefined();
  });

  test("what the API says is kept nowhere", async () => {
    expect((await it.ask("/api/me", { as: it.owner })).headers["cache-control"]).toBe("no-store");
  });
});

describe("bad input", () => {
  test("a body of 100 MB is cut off early", async () => {
    const chunked = await flood(
      it.port,
      `POST /api/sign-in/password HTTP/1.1\r\nhost: 127.0.0.1:${it.port}\r\norigin: ${it.url}\r\nx-deploy-console: 1\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n`,
      true,
    );
    const declared = await flood(
      it.port,
      `POST /api/sign-in/password HTTP/1.1\r\nhost: 127.0.0.1:${it.port}\r\norigin: ${it.url}\r\nx-deploy-console: 1\r\ncontent-type: application/json\r\ncontent-length: 100000000\r\n\r\n`,
      false,
    );
    for (const { answer, sent } of [chunked, declared]) {
      expect(answer).toContain("413");
      expect(answer).toContain("console.too-large");
      expect(sent).toBeLessThan(20_000_000);
    }
  });

  test("so is one that nobody reads", async () => {
    const { sent } = await flood(
      it.port,
      `POST /api/none HTTP/1.1\r\nhost: 127.0.0.1:${it.port}\r\ntransfer-encoding: chunked\r\n\r\n`,
      true,
    );
    expect(sent).toBeLessThan(20_000_000);
  });

  test.each([
    ["no JSON", { body: "{" }, { "content-type": "application/json" }],
    ["a form", { body: "a=b" }, { "content-type": "application/x-www-form-urlencoded" }],
    ["text", { body: "{}" }, { "content-type": "text/plain" }],
    ["broken UTF-8", { body: Buffer.from([0x22, 0xff, 0x22]) }, { "content-type": "application/json" }],
  ])("%s as a body", async (_, body, headers) => {
    const answer = await it.ask("/api/sign-in/password", { method: "POST", ...body, headers });
    expect(answer).toMatchObject({ status: 400, body: { error: { code: "console.bad-request" } } });
  });

  test.each([
    `${logs}?after=x`,
    `${logs}?after=1&before=2`,
    `${logs}?level=loud`,
    `${logs}?limit=0`,
    `${logs}/search?before=-1`,
    `${logs}/search?text=(&regex=1`,
    `${logs}/histogram`,
    `${logs}/histogram?since=1&until=2&buckets=0`,
    `${logs}/download?format=pdf`,
    `${logs}/download?gzip=2`,
    `${logs}/download?colour=red`,
    "/api/apps/%E0%A4%A/environments/production/logs",
  ])("%s", async (path) => {
    const answer = await it.ask(path, { as: it.owner });
    expect([400, 404]).toContain(answer.status);
    expect(answer.body.error.code).toMatch(/^console\./);
    expect(answer.text).not.toMatch(/\bat \w+ \(|file:/);
  });

  test.each([
    "/../../../etc/passwd",
    "/assets/../../package.json",
    "/assets/%2e%2e/%2e%2e/package.json",
    "/assets/..%2f..%2fpackage.json",
    "/.env",
  ])("no file outside is served: %s", async (path) => {
    const answer = await it.ask(path);
    expect(answer.text).not.toMatch(/root:|"version"/);
  });
});

describe("the data directory", () => {
  test("says where the console is, to its owner only, and the token publishes runs and nothing else", async () => {
    const file = join(it.directory, "console.json");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(it.directory).mode & 0o777).toBe(0o700);
    const { url, token } = JSON.parse(readFileSync(file, "utf8"));
    expect(url).toBe(`http://127.0.0.1:${it.port}`);
    const run = {
      method: "POST",
      token,
      json: { operation: "up", by: "maria on laptop" },
      headers: { origin: undefined },
    };
    expect((await it.ask("/api/apps/shop/environments/production/runs", run)).status).toBe(201);
    for (const path of [logs, "/api/overview", "/api/people", "/api/me", "/api/apps/shop/audit"]) {
      expect((await it.ask(path, { token })).status).toBeGreaterThanOrEqual(401);
    }
  });

  test("is left behind without it", async () => {
    const other = await openTestConsole();
    const file = join(other.directory, "console.json");
    expect(existsSync(file)).toBe(true);
    await other.close();
    expect(existsSync(file)).toBe(false);
    await other.end();
  });

  test("belongs to one console at a time", async () => {
    await expect(openTestConsole({ directory: it.directory })).rejects.toMatchObject({
      code: "console.store-locked",
    });
  });
});

describe("where it listens", () => {
  test("plain HTTP on an address that others reach is refused", async () => {
    await expect(openTestConsole({ host: "0.0.0.0" })).rejects.toMatchObject({
      code: "console.insecure-address",
    });
    await expect(
      openTestConsole({ host: "0.0.0.0", publicUrl: "http://console.example.org" }),
    ).rejects.toMatchObject({ code: "console.insecure-address" });
  });

  test("unless it was told to, or a proxy with a certificate stands in front", async () => {
    const told = await openTestConsole({ host: "0.0.0.0", insecure: true });
    await told.end();
    const behind = await openTestConsole({
      host: "0.0.0.0",
      publicUrl: "https://console.example.org",
      trustedProxies: ["127.0.0.0/8"],
    });
    const asked = (proto: string): ReturnType<TestConsole["ask"]> =>
      behind.ask("/api/me", { headers: { host: "console.example.org", "x-forwarded-proto": proto } });
    const secure = await ask127(behind, "https");
    expect(secure.headers["strict-transport-security"]).toContain("max-age");
    expect((await asked("http")).status).toBe(403);
    await behind.end();
  });

  test("a port that is taken, options that are none", async () => {
    await expect(openTestConsole({ port: it.port })).rejects.toMatchObject({ code: "console.port-taken" });
    await expect(openTestConsole({ publicUrl: "console.example.org" })).rejects.toMatchObject({
      code: "console.bad-option",
    });
    await expect(openTestConsole({ publicUrl: "https://a.example/path" })).rejects.toMatchObject({
      code: "console.bad-option",
    });
    await expect(openTestConsole({ trustedProxies: ["10.0.0.0/33"] })).rejects.toMatchObject({
      code: "console.bad-option",
    });
  });
});

function ask127(on: TestConsole, proto: string): ReturnType<TestConsole["ask"]> {
  return on.ask("/api/sign-in/ways", {
    headers: { host: "console.example.org", "x-forwarded-proto": proto },
  });
}

/** Sends a head and then up to 100 MB, as fast as it is taken. */
function flood(
  port: number,
  head: string,
  chunked: boolean,
): Promise<{ readonly answer: string; readonly sent: number }> {
  const piece = Buffer.alloc(64 * 1024, 0x20);
  const framed = chunked ? Buffer.concat([Buffer.from("10000\r\n"), piece, Buffer.from("\r\n")]) : piece;
  return new Promise((resolve) => {
    let answer = "";
    let sent = 0;
    const socket = connect(port, "127.0.0.1");
    const send = (): void => {
      while (!socket.destroyed && sent < 100_000_000) {
        sent += framed.byteLength;
        if (!socket.write(framed)) return;
      }
    };
    socket.on("connect", () => {
      socket.write(head);
      send();
    });
    socket.on("drain", send);
    socket.on("data", (chunk) => {
      answer += chunk;
    });
    socket.on("error", () => undefined);
    socket.on("close", () => resolve({ answer, sent }));
  });
}
