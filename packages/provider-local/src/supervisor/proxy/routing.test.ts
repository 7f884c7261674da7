import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { normalizeHost } from "./hosts.js";
import { createProxy } from "./index.js";
import { ask } from "./testing/client.js";
import { type ProxyUnderTest, startProxy, upstreamAt } from "./testing/proxy-under-test.js";
import { httpServer, raw, type TestServer } from "./testing/sockets.js";

let upstream: TestServer;
let under: ProxyUnderTest;

beforeEach(async () => {
  upstream = await httpServer((request, response) => {
    response.end(JSON.stringify({ url: request.url, headers: request.headers }));
  });
  under = await startProxy([upstream.port]);
});
afterEach(async () => {
  await under.proxy.close();
  upstream.close();
});

it("normalises hosts", () => {
  expect(["App.Test", "app.test.", "app.test:80", "APP.test.:8080"].map(normalizeHost)).toEqual(
    Array(4).fill("app.test"),
  );
  expect(normalizeHost("[::1]:8080")).toBe("[::1]");
  expect(normalizeHost("[::1]")).toBe("[::1]");
  expect(normalizeHost("")).toBe("");
});

it("routes by host without case, port and trailing dot", async () => {
  for (const host of ["app.test", "APP.TEST", "app.test.", "app.test:1234", "App.Test.:80"]) {
    const answer = await ask({ port: under.port, host });
    expect([host, answer.status]).toEqual([host, 200]);
    expect(JSON.parse(answer.body).headers.host).toBe(host);
  }
});

it("lists the known hostnames for an unknown one and escapes", async () => {
  const text = await ask({ port: under.port, host: "<b>other.test" });
  expect(text.status).toBe(404);
  expect(text.headers["x-deploy-error"]).toBe("unknown-host");
  expect(text.headers["content-type"]).toContain("text/plain");
  expect(text.body).toContain("  app.test\n");
  expect(text.body).not.toContain("other.test");
  const html = await ask({ port: under.port, host: "other.test", headers: { Accept: "text/html,*/*" } });
  expect(html.headers["content-type"]).toContain("text/html");
  expect(html.body).toContain("<li>app.test</li>");
});

it("answers 503 with the reason when there is no instance", async () => {
  under.proxy.setService("web", {
    app: "shop",
    environment: "production",
    process: "web",
    upstreams: [],
    unavailable: "exited with <code> 1\u001b[31m",
  });
  const text = await ask({ port: under.port });
  expect(text.status).toBe(503);
  expect(text.headers["retry-after"]).toBe("5");
  expect(text.headers["x-deploy-error"]).toBe("no-instance");
  expect(text.body).toContain("web of shop (production) has no running instance: exited with <code> 1 [31m");
  const html = await ask({ port: under.port, headers: { Accept: "text/html" } });
  expect(html.body).toContain("exited with &lt;code&gt; 1");
  const head = await ask({ port: under.port, method: "HEAD" });
  expect([head.status, head.body]).toEqual([503, ""]);
});

it("redirects with port, path and query, and keeps the method of a POST", async () => {
  const get = await ask({ port: under.port, host: "www.app.test:8080", path: "/a//b?c=d" });
  expect([get.status, get.headers.location]).toEqual([301, "http://app.test:8080/a//b?c=d"]);
  const post = await ask({ port: under.port, host: "www.app.test", method: "POST", body: "x" });
  expect([post.status, post.headers.location]).toEqual([308, "http://app.test/"]);
  under.proxy.setRoutes({ "www.app.test": { redirect: "app.test", permanent: false } });
  expect((await ask({ port: under.port, host: "www.app.test" })).status).toBe(302);
});

it("replaces all routes at once", async () => {
  under.proxy.setRoutes({ "other.test": { service: "web" } });
  expect((await ask({ port: under.port, host: "other.test" })).status).toBe(200);
  expect((await ask({ port: under.port, host: "app.test" })).status).toBe(404);
});

it("takes the host of an absolute target", async () => {
  const answer = await raw(
    under.port,
    "GET http://app.test/x?y HTTP/1.1\r\nHost: other.test\r\nConnection: close\r\n\r\n",
  );
  expect(answer.text).toContain("HTTP/1.1 200");
  expect(answer.text).toContain('"url":"/x?y"');
  expect(answer.text).toContain('"host":"app.test"');
});

it("serves one service on its own port whatever the host", async () => {
  const { port, name } = await under.proxy.listenService("web", { port: 0 });
  expect(name).toBe("service:web");
  expect((await ask({ port, host: "anything" })).status).toBe(200);
  await under.proxy.removeService("web");
  await expect(ask({ port, host: "anything" })).rejects.toThrow();
  expect((await ask({ port: under.port })).status).toBe(503);
});

it("names what is wrong with a port", async () => {
  const other = createProxy();
  await expect(other.listen({ port: under.port })).rejects.toMatchObject({ code: "proxy.port-taken" });
  await expect(under.proxy.listen({ port: 0 })).rejects.toMatchObject({ code: "proxy.listener-taken" });
  await expect(other.adopt("nonsense", createServer())).rejects.toMatchObject({
    code: "proxy.listener-unknown",
  });
  await other.close();
});

it("refuses an upstream that belongs to another service", () => {
  const settings = { app: "a", environment: "e", process: "p", upstreams: [upstreamAt(upstream.port)] };
  expect(() => under.proxy.setService("other", settings)).toThrow(
    expect.objectContaining({ code: "proxy.upstream-taken" }),
  );
});

it("hands its listeners over to another process's proxy without refusing a connection", async () => {
  const folder = mkdtempSync(join(tmpdir(), "proxy-handover-"));
  const script = join(folder, "old.cjs");
  writeFileSync(
    script,
    `const http = require("node:http");
     const server = http.createServer((q, s) => s.end("old"));
     server.listen(0, "127.0.0.1", () => process.send({ port: server.address().port }));
     process.on("message", (m) => m === "send" ? process.send("entry", server) : process.exit(0));`,
  );
  const old = fork(script);
  const [{ port }] = (await once(old, "message")) as [{ port: number }];
  expect((await ask({ port })).body).toBe("old");
  old.send("send");
  const [name, handle] = (await once(old, "message")) as [string, Server];
  const next = createProxy();
  next.setService("web2", {
    app: "shop",
    environment: "e",
    process: "web",
    upstreams: [{ id: "x", host: "127.0.0.1", port: upstream.port }],
  });
  next.setRoutes({ "app.test": { service: "web2" } });
  expect(await next.adopt(name, handle)).toMatchObject({ name: "entry", port });
  expect([...next.servers().keys()]).toEqual(["entry"]);
  old.send("exit");
  await once(old, "exit");
  for (let round = 0; round < 20; round += 1) expect((await ask({ port })).status).toBe(200);
  await next.close();
});
