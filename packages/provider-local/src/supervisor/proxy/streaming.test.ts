import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { get, request, type Server } from "node:http";
import { connect } from "node:net";
import { afterEach, expect, it } from "vitest";
import { ask } from "./testing/client.js";
import { type ProxyUnderTest, startProxy } from "./testing/proxy-under-test.js";
import { httpServer, raw, sleep, type TestServer, tcpServer } from "./testing/sockets.js";

let upstream: TestServer;
let under: ProxyUnderTest;

afterEach(async () => {
  await under.proxy.close();
  upstream.close();
});

const megabyte = 1024 * 1024;

it("streams a request body with a length and one in chunks, byte for byte", async () => {
  upstream = await httpServer((incoming, response) => {
    const hash = createHash("sha256");
    incoming.on("data", (chunk) => hash.update(chunk));
    incoming.on("end", () =>
      response.end(
        `${incoming.method} ${incoming.headers["content-length"] ?? incoming.headers["transfer-encoding"]} ${hash.digest("hex")}`,
      ),
    );
  });
  under = await startProxy([upstream.port]);
  const body = randomBytes(3 * megabyte);
  const digest = createHash("sha256").update(body).digest("hex");
  const whole = await ask({
    port: under.port,
    method: "POST",
    body,
    headers: { "Content-Length": String(body.length) },
  });
  expect(whole.body).toBe(`POST ${body.length} ${digest}`);
  const chunked = await ask({
    port: under.port,
    method: "PUT",
    body,
    headers: { "Transfer-Encoding": "chunked" },
  });
  expect(chunked.body).toBe(`PUT chunked ${digest}`);
  const remove = await ask({
    port: under.port,
    method: "DELETE",
    body: "why",
    headers: { "Content-Length": "3" },
  });
  expect(remove.body).toMatch(/^DELETE 3 /);
  const empty = await ask({ port: under.port, method: "POST", headers: { "Content-Length": "0" } });
  expect(empty.body).toMatch(/^POST 0 /);
});

it("passes events through one by one and holds the header back for nothing", async () => {
  upstream = await httpServer((_request, response) => {
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    response.flushHeaders();
    let count = 0;
    const timer = setInterval(() => {
      count += 1;
      response.write(`data: ${count}\n\n`);
      if (count === 3) {
        clearInterval(timer);
        response.end();
      }
    }, 100);
  });
  under = await startProxy([upstream.port]);
  const began = Date.now();
  const arrivals: number[] = [];
  const outgoing = get({ host: "127.0.0.1", port: under.port, headers: { Host: "app.test" }, agent: false });
  const [incoming] = await once(outgoing, "response");
  expect(Date.now() - began).toBeLessThan(95);
  incoming.on("data", () => arrivals.push(Date.now()));
  await once(incoming, "end");
  expect(arrivals.length).toBe(3);
  expect((arrivals[2] as number) - (arrivals[0] as number)).toBeGreaterThan(150);
});

it("answers HEAD, 204 and 304 without a body and goes on with the connection", async () => {
  upstream = await httpServer((incoming, response) => {
    if (incoming.url === "/204") response.writeHead(204).end();
    else if (incoming.url === "/304") response.writeHead(304, { ETag: '"x"' }).end();
    else response.writeHead(200, { "Content-Length": "5" }).end("hello");
  });
  under = await startProxy([upstream.port]);
  const line = (method: string, path: string): string =>
    `${method} ${path} HTTP/1.1\r\nHost: app.test\r\n\r\n`;
  const { text } = await raw(
    under.port,
    line("HEAD", "/") + line("GET", "/204") + line("GET", "/304") + line("GET", "/"),
    600,
  );
  expect(text.match(/HTTP\/1.1 \d+/g)).toEqual([
    "HTTP/1.1 200",
    "HTTP/1.1 204",
    "HTTP/1.1 304",
    "HTTP/1.1 200",
  ]);
  expect(text).toMatch(/Content-Length: 5\r\n/);
  expect(text.match(/hello/g)).toHaveLength(1);
});

it("asks for the body of Expect: 100-continue only once an upstream is there", async () => {
  upstream = await httpServer((incoming, response) => {
    incoming.resume();
    incoming.on("end", () => response.end(`expect=${incoming.headers.expect}`));
  });
  under = await startProxy([upstream.port]);
  const send = (): Promise<{ continued: boolean; status: number; connection: string | undefined }> =>
    new Promise((resolve, reject) => {
      let continued = false;
      const outgoing = request({
        host: "127.0.0.1",
        port: under.port,
        method: "POST",
        agent: false,
        headers: { Host: "app.test", Expect: "100-continue", "Content-Length": "4" },
      });
      outgoing.on("continue", () => {
        continued = true;
        outgoing.end("body");
      });
      outgoing.on("response", (incoming) => {
        incoming.resume();
        resolve({ continued, status: incoming.statusCode ?? 0, connection: incoming.headers.connection });
      });
      outgoing.on("error", reject);
      outgoing.flushHeaders();
    });
  expect(await send()).toMatchObject({ continued: true, status: 200 });
  under.setUpstreams();
  expect(await send()).toEqual({ continued: false, status: 503, connection: "close" });
});

it("passes trailers on", async () => {
  upstream = await httpServer((_request, response) => {
    response.writeHead(200, { Trailer: "X-Sum" });
    response.write("part");
    response.addTrailers({ "X-Sum": "42" });
    response.end();
  });
  under = await startProxy([upstream.port]);
  const answer = await ask({ port: under.port });
  expect([answer.body, answer.trailers["x-sum"]]).toEqual(["part", "42"]);
});

it("stops the upstream when the client goes away, before and after the header", async () => {
  const closed: string[] = [];
  upstream = await httpServer((incoming, response) => {
    response.on("close", () => closed.push(`${incoming.url} ${response.writableFinished}`));
    if (incoming.url === "/after") response.write("some");
  });
  under = await startProxy([upstream.port]);
  for (const path of ["/before", "/after"]) {
    const outgoing = get({
      host: "127.0.0.1",
      port: under.port,
      path,
      headers: { Host: "app.test" },
      agent: false,
    });
    outgoing.on("error", () => {});
    if (path === "/after") await once(outgoing, "response");
    else await sleep(100);
    outgoing.destroy();
  }
  await expect.poll(() => closed).toEqual(["/before false", "/after false"]);
  await expect.poll(() => under.proxy.stats().get("web")?.inFlight).toBe(0);
  expect(under.events).toEqual([]);
});

it("stops the upstream when the client goes away in the middle of its body", async () => {
  let aborted = false;
  upstream = await httpServer((incoming) => {
    incoming.on("error", () => {
      aborted = true;
    });
    incoming.resume();
  });
  under = await startProxy([upstream.port]);
  const socket = connect(under.port, "127.0.0.1");
  socket.write("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 100\r\n\r\nhalf");
  await sleep(150);
  socket.destroy();
  await expect.poll(() => aborted).toBe(true);
  await expect.poll(() => under.proxy.stats().get("web")?.inFlight).toBe(0);
});

it.each([
  ["a declared length", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "1.1"],
  ["chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", "1.1"],
  [
    "chunks, to a client of HTTP/1.0",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    "1.0",
  ],
])("never lets a response cut short look whole: %s", async (_name, answer, version) => {
  upstream = await tcpServer((socket) => {
    socket.once("data", () => {
      socket.write(answer);
      setTimeout(() => socket.destroy(), 100);
    });
  });
  under = await startProxy([upstream.port]);
  const { text, ending } = await raw(under.port, `GET / HTTP/${version}\r\nHost: app.test\r\n\r\n`);
  expect(text).toContain("half");
  if (version === "1.0") expect(ending).toBe("error");
  else expect(ending).not.toBe("open");
  expect(text).not.toMatch(/\r\n0\r\n\r\n$/);
  expect(under.events).toMatchObject([{ type: "upstream-failed", retried: false }]);
});

it.each(["close", "keep-alive"])(
  "relays an early answer to a client that is still sending: %s",
  async (connection) => {
    upstream = await httpServer((_incoming, response) => {
      response.writeHead(413, { Connection: connection }).end("too large");
    });
    under = await startProxy([upstream.port]);
    const statuses: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      const answer = await ask({ port: under.port, method: "POST", body: Buffer.alloc(2 * megabyte) });
      statuses.push(answer.status);
    }
    expect(statuses).toEqual([413, 413, 413, 413, 413]);
  },
);

it("keeps memory bounded when a slow client reads 200 MB, and when a slow upstream is sent 200 MB", async () => {
  const size = 200 * megabyte;
  const chunk = Buffer.alloc(64 * 1024);
  let received = 0;
  upstream = await httpServer(async (incoming, response) => {
    if (incoming.method === "POST") {
      // Reads a chunk every 5 ms.
      incoming.on("error", () => {});
      incoming.on("data", (part) => {
        received += part.length;
        incoming.pause();
        setTimeout(() => incoming.resume(), 5);
      });
      return;
    }
    response.writeHead(200, { "Content-Length": String(size) });
    for (let sent = 0; sent < size && !response.destroyed; sent += chunk.length) {
      if (!response.write(chunk)) await new Promise((resolve) => response.once("drain", resolve));
    }
    response.end();
  });
  under = await startProxy([upstream.port]);
  const before = process.memoryUsage().rss;

  const reader = connect(under.port, "127.0.0.1");
  let read = 0;
  reader.on("data", (part) => {
    read += part.length;
    reader.pause();
    setTimeout(() => reader.resume(), 5);
  });
  reader.write("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n");
  await sleep(1_500);
  reader.destroy();
  expect(read).toBeGreaterThan(megabyte);
  expect(read).toBeLessThan(size);

  const sender = connect(under.port, "127.0.0.1");
  sender.on("error", () => {});
  sender.write(`POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: ${size}\r\n\r\n`);
  let accepted = 0;
  const deadline = Date.now() + 1_500;
  while (Date.now() < deadline && accepted < size) {
    accepted += chunk.length;
    if (!sender.write(chunk)) await Promise.race([once(sender, "drain"), sleep(100)]);
  }
  sender.destroy();
  expect(received).toBeGreaterThan(megabyte);
  const growth = (process.memoryUsage().rss - before) / megabyte;
  // Client, proxy and upstream share this process; buffering either body would add up to 200 MB.
  expect(growth).toBeLessThan(80);
});

it("delivers a large body whole and fast to a quick client", async () => {
  const body = randomBytes(20 * megabyte);
  upstream = await httpServer((_incoming, response) => response.end(body));
  under = await startProxy([upstream.port]);
  const hash = createHash("sha256");
  const outgoing = get({ host: "127.0.0.1", port: under.port, headers: { Host: "app.test" }, agent: false });
  const [incoming] = await once(outgoing, "response");
  for await (const part of incoming) hash.update(part);
  expect(hash.digest("hex")).toBe(createHash("sha256").update(body).digest("hex"));
});

it("ends clients that are too slow with their header or body", async () => {
  upstream = await httpServer((incoming, response) => {
    incoming.resume().on("end", () => response.end("ok"));
  });
  under = await startProxy([upstream.port], {
    requestHeaderMs: 300,
    requestBodyIdleMs: 300,
    checkEveryMs: 100,
  });
  const header = await raw(under.port, "GET / HTTP/1.1\r\nHost: app.te", 2_000);
  expect(header.text).toMatch(/^HTTP\/1.1 408/);
  expect(header.ending).toBe("end");
  const body = await raw(
    under.port,
    "POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 9\r\n\r\nhalf",
    2_000,
  );
  expect(body.text).toMatch(/^HTTP\/1.1 408[\s\S]*X-Deploy-Error: request-timeout/);
  expect(body.ending).toBe("end");
  expect(under.proxy.stats().get("web")?.inFlight).toBe(0);
  expect((upstream.server as Server).listening).toBe(true);
});
