import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { ask } from "./testing/client.js";
import { type ProxyUnderTest, startProxy } from "./testing/proxy-under-test.js";
import { httpServer, raw, sleep, type TestServer, tcpServer } from "./testing/sockets.js";

const servers: TestServer[] = [];
let under: ProxyUnderTest;

async function http(...arguments_: Parameters<typeof httpServer>): ReturnType<typeof httpServer> {
  const server = await httpServer(...arguments_);
  servers.push(server);
  return server;
}

async function tcp(...arguments_: Parameters<typeof tcpServer>): Promise<TestServer> {
  const server = await tcpServer(...arguments_);
  servers.push(server);
  return server;
}

async function freePort(): Promise<number> {
  const server = await tcpServer(() => {});
  server.close();
  return server.port;
}

afterEach(async () => {
  await under.proxy.close();
  for (const server of servers.splice(0)) server.close();
});

it("answers 502 when the only upstream refuses", async () => {
  under = await startProxy([await freePort()]);
  const answer = await ask({ port: under.port, method: "POST", body: "x" });
  expect([answer.status, answer.headers["x-deploy-error"]]).toEqual([502, "upstream-failed"]);
  expect(answer.body).toContain("ECONNREFUSED");
  expect(under.events).toMatchObject([{ type: "upstream-failed", code: "ECONNREFUSED", retried: false }]);
});

it("moves any request on when an upstream refuses, body included", async () => {
  const good = await http((incoming, response) => void incoming.pipe(response));
  under = await startProxy([await freePort(), await freePort(), good.port]);
  for (let round = 0; round < 4; round += 1) {
    const body = `body ${round}`;
    const answer = await ask({ port: under.port, method: "POST", body });
    expect([answer.status, answer.body]).toEqual([200, body]);
  }
  const retries = under.events.length;
  expect(retries).toBeGreaterThan(0);
  // What refused a moment ago is not asked again at once.
  expect(retries).toBeLessThanOrEqual(2);
});

it("answers 504 when the header does not come in time", async () => {
  const silent = await http(() => {});
  under = await startProxy([silent.port], { responseHeaderMs: 300 });
  const answer = await ask({ port: under.port });
  expect([answer.status, answer.headers["x-deploy-error"]]).toEqual([504, "upstream-timeout"]);
});

it("answers 502 to nonsense from an upstream", async () => {
  const odd = await tcp((socket) => socket.once("data", () => socket.end("nonsense\r\n\r\n")));
  under = await startProxy([odd.port]);
  expect((await ask({ port: under.port })).status).toBe(502);
});

/** Answers the first request of every connection, and closes at the second without a word. */
async function forgetful(): Promise<{ port: number; seen: string[] }> {
  const seen: string[] = [];
  const { port } = await tcp((socket) => {
    let first = true;
    socket.on("data", (data) => {
      seen.push(String(data).split(" ")[0] as string);
      if (first) socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      else socket.destroy();
      first = false;
    });
  });
  return { port, seen };
}

it("repeats a GET once when a reused connection was closed, without the client noticing", async () => {
  const { port, seen } = await forgetful();
  under = await startProxy([port]);
  for (let round = 0; round < 5; round += 1) expect((await ask({ port: under.port })).status).toBe(200);
  expect(seen.length).toBeGreaterThan(5);
  expect(under.events.every((event) => event.type === "upstream-failed" && event.retried)).toBe(true);
});

it("never repeats a POST that was sent", async () => {
  const { port, seen } = await forgetful();
  under = await startProxy([port]);
  expect((await ask({ port: under.port })).status).toBe(200);
  const answer = await ask({ port: under.port, method: "POST", body: "pay" });
  expect(answer.status).toBe(502);
  expect(seen).toEqual(["GET", "POST"]);
});

it("does not repeat a GET on which a new connection died: the request may be the cause", async () => {
  let connections = 0;
  const deadly = await tcp((socket) => {
    connections += 1;
    socket.once("data", () => socket.destroy());
  });
  const other = await http((_incoming, response) => response.end("ok"));
  under = await startProxy([deadly.port, other.port]);
  const statuses = [
    (await ask({ port: under.port })).status,
    (await ask({ port: under.port })).status,
  ].sort();
  expect(statuses).toEqual([200, 502]);
  expect(connections).toBe(1);
});

it("does not fail when an upstream closes idle connections early", async () => {
  const hasty = await http((_incoming, response) => response.end("ok"));
  hasty.server.keepAliveTimeout = 20;
  under = await startProxy([hasty.port]);
  for (let round = 0; round < 60; round += 1) {
    const method = round % 2 === 0 ? "GET" : "POST";
    const answer = await ask({ port: under.port, method, ...(method === "POST" ? { body: "x" } : {}) });
    expect([round, answer.status]).toEqual([round, 200]);
    await sleep(15 + (round % 10));
  }
});

it("works with an upstream of HTTP/1.0 which ends bodies with the connection", async () => {
  const old = await tcp((socket) => {
    socket.once("data", () => {
      socket.write("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nfirst ");
      setTimeout(() => socket.end("second"), 30);
    });
  });
  under = await startProxy([old.port]);
  for (let round = 0; round < 5; round += 1) {
    expect((await ask({ port: under.port })).body).toBe("first second");
  }
});

it("works with python's http.server", async () => {
  const folder = mkdtempSync(join(tmpdir(), "proxy-python-"));
  writeFileSync(join(folder, "a.txt"), "from python");
  const port = await freePort();
  const python = spawn("python3", ["-m", "http.server", String(port), "--bind", "127.0.0.1"], {
    cwd: folder,
    stdio: "ignore",
  });
  try {
    under = await startProxy([port]);
    await expect
      .poll(async () => (await ask({ port: under.port, path: "/a.txt" })).status, { timeout: 10_000 })
      .toBe(200);
    const all = await Promise.all(
      Array.from({ length: 20 }, () => ask({ port: under.port, path: "/a.txt" })),
    );
    expect(all.map((answer) => answer.body)).toEqual(Array(20).fill("from python"));
    expect((await ask({ port: under.port, path: "/a.txt", method: "HEAD" })).headers["content-length"]).toBe(
      "11",
    );
    expect((await ask({ port: under.port, path: "/a.txt", method: "POST", body: "x" })).status).toBe(501);
  } finally {
    python.kill("SIGKILL");
    await once(python, "exit");
  }
});

it("counts by status class, errors of its own included", async () => {
  const good = await http((incoming, response) => response.writeHead(Number(incoming.url?.slice(1))).end());
  under = await startProxy([good.port]);
  for (const status of [200, 201, 302, 404, 500]) await ask({ port: under.port, path: `/${status}` });
  under.setUpstreams();
  await ask({ port: under.port });
  expect(under.proxy.stats().get("web")).toEqual({
    inFlight: 0,
    total: 6,
    byStatus: { "1xx": 0, "2xx": 2, "3xx": 1, "4xx": 1, "5xx": 2 },
    upstreams: [],
  });
});

it("serves a request that offers h2c, with its body, and keeps the connection", async () => {
  const good = await http((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => response.end(`[${incoming.headers.upgrade}|${Buffer.concat(chunks)}]`));
  });
  under = await startProxy([good.port]);
  const head =
    "Host: app.test\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ\r\n";
  const { text } = await raw(
    under.port,
    [
      `POST / HTTP/1.1\r\n${head}Content-Length: 4\r\n\r\nbo`,
      "dy",
      "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n",
    ],
    500,
  );
  expect(text.match(/HTTP\/1.1 200/g)).toHaveLength(2);
  expect(text).toContain("[undefined|body]");
  expect(text).toContain("[undefined|]");
});
