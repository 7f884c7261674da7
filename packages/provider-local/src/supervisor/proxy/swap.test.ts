import { once } from "node:events";
import { Agent, get, type IncomingMessage } from "node:http";
import { afterEach, beforeEach, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { ask } from "./testing/client.js";
import { type ProxyUnderTest, startProxy } from "./testing/proxy-under-test.js";
import { httpServer, raw, sleep, type TestServer } from "./testing/sockets.js";

/** An app with a page, a slow page, an event stream and a WebSocket, which names its version everywhere. */
async function app(version: string): Promise<TestServer> {
  const server = await httpServer((incoming, response) => {
    if (incoming.url === "/events") {
      response.writeHead(200, { "Content-Type": "text/event-stream" });
      const timer = setInterval(() => response.write(`data: ${version}\n\n`), 20);
      response.on("close", () => clearInterval(timer));
      return;
    }
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const answer = `${version} ${Buffer.concat(chunks)}`;
      if (incoming.url === "/slow") setTimeout(() => response.end(answer), 400);
      else response.end(answer);
    });
  });
  const sockets = new WebSocketServer({ server: server.server });
  sockets.on("connection", (socket, request) => {
    socket.send(`hello ${version} ${request.headers["x-forwarded-for"]}`);
    socket.on("message", (data, binary) => socket.send(data, { binary }));
  });
  return server;
}

let apps: TestServer[];
let under: ProxyUnderTest;
let running = false;

beforeEach(async () => {
  apps = [await app("v1"), await app("v2"), await app("v3")];
  under = await startProxy([apps[0]?.port as number]);
});
afterEach(async () => {
  running = false;
  await under.proxy.close();
  for (const server of apps) server.close();
});

function id(index: number): string {
  return `u${apps[index]?.port}`;
}

function webSocket(): WebSocket {
  return new WebSocket(`ws://127.0.0.1:${under.port}/ws`, { headers: { Host: "app.test" } });
}

it("swaps and drains under load without a failed request", async () => {
  const keepAlive = new Agent({ keepAlive: true, maxSockets: 8 });
  const failures: unknown[] = [];
  const counts: Record<string, number> = {};
  running = true;
  const client = async (agent: Agent | false, method: string): Promise<void> => {
    for (let round = 0; running; round += 1) {
      try {
        const body = method === "POST" ? `${round}` : "";
        const answer = await ask({ port: under.port, method, agent, ...(method === "POST" ? { body } : {}) });
        const version = answer.body.split(" ")[0] as string;
        if (answer.status !== 200 || answer.body !== `${version} ${body}`) failures.push(answer);
        counts[version] = (counts[version] ?? 0) + 1;
      } catch (error) {
        failures.push(error);
      }
    }
  };
  const clients = [client(false, "GET"), client(false, "POST")];
  for (let index = 0; index < 3; index += 1)
    clients.push(client(keepAlive, "GET"), client(keepAlive, "POST"));

  const events = get({
    host: "127.0.0.1",
    port: under.port,
    path: "/events",
    headers: { Host: "app.test" },
    agent: false,
  });
  const [stream] = (await once(events, "response")) as [IncomingMessage];
  let streamEnded = false;
  stream.on("data", () => {}).on("error", () => {});
  stream.on("close", () => {
    streamEnded = true;
  });
  const socket = webSocket();
  let socketEnded = false;
  socket.on("close", () => {
    socketEnded = true;
  });
  expect(String((await once(socket, "message"))[0])).toBe("hello v1 127.0.0.1");

  await sleep(150);
  const order = [1, 2, 0, 1];
  let previous = 0;
  for (const [round, next] of order.entries()) {
    under.setUpstreams(apps[next]?.port as number);
    const first = await ask({ port: under.port });
    expect(first.body).toBe(`v${next + 1} `);
    const began = Date.now();
    const result = await under.proxy.drain(id(previous), { limitMs: 300 });
    if (round === 0) {
      // The event stream and the WebSocket of v1 end at the limit, and not before.
      expect(result.cut).toBe(2);
      expect(Date.now() - began).toBeGreaterThanOrEqual(295);
    } else {
      expect(result.cut).toBe(0);
      expect(Date.now() - began).toBeLessThan(295);
    }
    // What was drained may stop: nothing more is sent to it.
    const before = counts[`v${previous + 1}`];
    await sleep(120);
    expect(counts[`v${previous + 1}`]).toBe(before);
    previous = next;
  }
  await expect.poll(() => [streamEnded, socketEnded]).toEqual([true, true]);
  running = false;
  await Promise.all(clients);
  keepAlive.destroy();
  expect(failures).toEqual([]);
  expect(counts.v1).toBeGreaterThan(20);
  expect(counts.v2).toBeGreaterThan(20);
  expect(counts.v3).toBeGreaterThan(20);
  expect(under.events.filter((event) => event.type === "upstream-failed")).toEqual([]);
});

it("lets a request in flight finish, and resolves as soon as it has", async () => {
  const slow = ask({ port: under.port, path: "/slow", method: "POST", body: "x" });
  await sleep(100);
  under.setUpstreams(apps[1]?.port as number);
  const began = Date.now();
  expect(await under.proxy.drain(id(0), { limitMs: 5_000 })).toEqual({ finished: 1, cut: 0 });
  expect(Date.now() - began).toBeLessThan(1_000);
  expect((await slow).body).toBe("v1 x");
  expect(await under.proxy.drain(id(0), { limitMs: 5_000 })).toEqual({ finished: 0, cut: 0 });
});

it("answers 503 to a request that has no answer yet at the limit", async () => {
  const slow = ask({ port: under.port, path: "/slow" });
  await sleep(100);
  expect(await under.proxy.drain(id(0), { limitMs: 50 })).toEqual({ finished: 0, cut: 1 });
  const answer = await slow;
  expect([answer.status, answer.headers["x-deploy-error"]]).toEqual([503, "instance-stopped"]);
  expect((await ask({ port: under.port })).headers["x-deploy-error"]).toBe("no-instance");
});

it("stops waiting when told so, and cuts nothing", async () => {
  const slow = ask({ port: under.port, path: "/slow" });
  await sleep(100);
  const controller = new AbortController();
  const drained = under.proxy.drain(id(0), { limitMs: 5_000, signal: controller.signal });
  controller.abort();
  await expect(drained).rejects.toMatchObject({ code: "run.cancelled" });
  expect((await slow).body).toBe("v1 ");
});

it("puts an upstream back into service while it still ends a request", async () => {
  const slow = ask({ port: under.port, path: "/slow" });
  await sleep(50);
  under.setUpstreams(apps[1]?.port as number);
  under.setUpstreams(apps[0]?.port as number);
  expect((await slow).body).toBe("v1 ");
  expect((await ask({ port: under.port })).body).toBe("v1 ");
});

it("spreads requests evenly, and prefers who has less to do", async () => {
  under.setUpstreams(...apps.map((server) => server.port));
  const counts: Record<string, number> = {};
  for (let round = 0; round < 30; round += 1) {
    const { body } = await ask({ port: under.port });
    counts[body] = (counts[body] ?? 0) + 1;
  }
  expect(counts).toEqual({ "v1 ": 10, "v2 ": 10, "v3 ": 10 });
  const slow = [1, 2].map(() => ask({ port: under.port, path: "/slow" }));
  await sleep(50);
  const busy = new Set(
    (under.proxy.stats().get("web")?.upstreams ?? []).filter((u) => u.inFlight > 0).map((u) => u.id),
  );
  expect(busy.size).toBe(2);
  const idle = apps.findIndex((server) => !busy.has(`u${server.port}`));
  for (let round = 0; round < 5; round += 1)
    expect((await ask({ port: under.port })).body).toBe(`v${idle + 1} `);
  await Promise.all(slow);
});

it("tunnels a WebSocket in both directions, large messages included, and closes cleanly", async () => {
  const socket = webSocket();
  await once(socket, "message");
  const large = Buffer.alloc(5 * 1024 * 1024, 7);
  socket.send(large);
  const [echoed] = (await once(socket, "message")) as [Buffer];
  expect(echoed.equals(large)).toBe(true);
  expect(under.proxy.stats().get("web")).toMatchObject({ inFlight: 1, byStatus: { "1xx": 1 } });
  socket.close(1000);
  const [code] = await once(socket, "close");
  expect(code).toBe(1000);
  await expect.poll(() => under.proxy.stats().get("web")?.inFlight).toBe(0);
  const other = webSocket();
  await once(other, "message");
  other.terminate();
  await expect.poll(() => under.proxy.stats().get("web")?.inFlight).toBe(0);
});

it("answers a WebSocket handshake like any request when it cannot be tunnelled", async () => {
  const plain = await httpServer((_incoming, response) => response.writeHead(403).end("no"));
  apps.push(plain);
  const handshake =
    "GET /ws HTTP/1.1\r\nHost: app.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x\r\n\r\n";
  under.setUpstreams(plain.port);
  // What follows a refused handshake must not reach the upstream as another request.
  const refused = await raw(under.port, `${handshake}GET /smuggled HTTP/1.1\r\nHost: app.test\r\n\r\n`);
  expect(refused.text).toMatch(/^HTTP\/1.1 403/);
  expect(refused.text.match(/HTTP\/1.1/g)).toHaveLength(1);
  expect(refused.ending).not.toBe("open");
  under.setUpstreams();
  const none = await raw(under.port, handshake);
  expect(none.text).toMatch(/^HTTP\/1.1 503/);
  expect(none.ending).not.toBe("open");
  const unknown = await raw(under.port, handshake.replace("app.test", "other.test"));
  expect(unknown.text).toMatch(/^HTTP\/1.1 404/);
});

it("closes: lets a request finish within the limit and cuts a stream at it", async () => {
  const slow = ask({ port: under.port, path: "/slow", agent: new Agent({ keepAlive: true }) });
  const events = get({
    host: "127.0.0.1",
    port: under.port,
    path: "/events",
    headers: { Host: "app.test" },
    agent: false,
  });
  const [stream] = (await once(events, "response")) as [IncomingMessage];
  stream.on("data", () => {}).on("error", () => {});
  const socket = webSocket();
  await once(socket, "message");
  await sleep(50);
  const began = Date.now();
  await under.proxy.close({ limitMs: 700 });
  expect(Date.now() - began).toBeGreaterThanOrEqual(690);
  expect((await slow).body).toBe("v1 ");
  await expect(ask({ port: under.port })).rejects.toThrow(/ECONNREFUSED/);
});
