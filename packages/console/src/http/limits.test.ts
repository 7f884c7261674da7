import { request as httpRequest } from "node:http";
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { SERVER_LIMITS, type ServerLimits } from "./limits.js";
import { placeOf } from "./place.js";
import type { Route } from "./route.js";
import { routes } from "./routes.js";
import { type Listening, listen } from "./server.js";
import { streamed } from "./streamed.js";
import { openTestConsole, type SignedIn, type TestConsole } from "./testing/console.js";

/** What a client may ask of the server at once, and how long it may take over it. */

let it: TestConsole;
let maria: SignedIn;
let kim: SignedIn;
const servers: Listening[] = [];

beforeAll(async () => {
  it = await openTestConsole();
  maria = await it.person("maria@example.org", { shop: "viewer" });
  kim = await it.person("kim@example.org", { shop: "viewer" });
});
afterAll(async () => {
  for (const server of servers) await server.close();
  await it.end();
});

/** Another server of the same console, with limits that a test can reach. */
async function serve(limits: Partial<ServerLimits>, table: readonly Route[] = routes): Promise<Listening> {
  const server = await listen({ host: "127.0.0.1", port: 0 }, { ...SERVER_LIMITS, ...limits });
  servers.push(server);
  server.serve({ services: it.services, routes: table, place: placeOf({}, server.port) });
  return server;
}

/** Everything that a connection says until it is closed. */
function until(socket: Socket, event: "close" | "end" = "close"): Promise<string> {
  let text = "";
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
  });
  socket.on("error", () => undefined);
  return new Promise((resolve) => socket.once(event, () => resolve(text)));
}

const live = "/api/apps/shop/environments/production/logs/live";

describe("the head of a request", () => {
  test.each([
    ["an address that is too long", `GET /${"a".repeat(20_000)} HTTP/1.1\r\nhost: x\r\n\r\n`],
    [
      "a header that is too long",
      `GET / HTTP/1.1\r\nhost: x\r\ncookie: deploy=${"a".repeat(20_000)}\r\n\r\n`,
    ],
    ["headers without end", `GET / HTTP/1.1\r\nhost: x\r\n${"a: b\r\n".repeat(20_000)}\r\n`],
  ])("%s is refused, and the connection closed", async (_, head) => {
    const socket = connect(it.port, "127.0.0.1", () => socket.write(head));
    expect(await until(socket)).toMatch(/^HTTP\/1\.1 431 /);
  });

  test("no address that is read is too long for an answer of ours", async () => {
    const answer = await it.ask(`/api/apps/${"a".repeat(15_000)}/environments/production/logs`, {
      as: it.owner,
    });
    expect(answer.status).toBe(404);
  });
});

describe("who takes their time", () => {
  test("a head that comes byte by byte is not waited for", async () => {
    const { port } = await serve({ headersTimeout: 300, connectionsCheckingInterval: 50 });
    const socket = connect(port, "127.0.0.1", () => socket.write("GET / HTTP/1.1\r\nhost: x\r\nx: "));
    const drip = setInterval(() => socket.write("a"), 50);
    expect(await until(socket)).toMatch(/^HTTP\/1\.1 408 /);
    clearInterval(drip);
  });

  test("nor is a body", async () => {
    const { port } = await serve({
      headersTimeout: 300,
      requestTimeout: 600,
      connectionsCheckingInterval: 50,
    });
    const { origin } = placeOf({}, port);
    const head = `POST /api/sign-in/password HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\norigin: ${origin}\r\nx-deploy-console: 1\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n`;
    const socket = connect(port, "127.0.0.1", () => socket.write(head));
    const drip = setInterval(() => socket.write(" "), 50);
    await until(socket);
    clearInterval(drip);
    expect((await fetch(`${origin}/healthz`)).status).toBe(200);
  });

  test("a connection that asks nothing more is closed", async () => {
    const { port } = await serve({ keepAliveTimeout: 100 });
    const socket = connect(port, "127.0.0.1", () => socket.write(`GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n`));
    expect(await until(socket)).toMatch(/^HTTP\/1\.1 200 /);
  });

  test("a download that nobody takes is ended, and with it what it comes from", async () => {
    let ended = false;
    const endless: Route = {
      method: "GET",
      path: "/api/endless",
      action: "sign-in",
      handle: ({ signal }) => {
        const texts = (async function* () {
          try {
            for (;;) yield "x".repeat(64 * 1024);
          } finally {
            ended = true;
          }
        })();
        return streamed(texts, { signal, headers: { "content-type": "text/plain" } });
      },
    };
    const { port } = await serve({ stalledTimeout: 400 }, [endless]);
    const sent = httpRequest({ host: "127.0.0.1", port, path: "/api/endless", agent: false });
    sent.on("error", () => undefined);
    sent.on("response", (answer) => {
      answer.on("error", () => undefined);
      answer.pause();
    });
    sent.end();
    await expect.poll(() => ended, { timeout: 10_000 }).toBe(true);
    sent.destroy();
  });
});

describe("sockets", () => {
  const knock = (port: number, as: SignedIn, options: object = {}): WebSocket => {
    const { origin } = placeOf({}, port);
    const headers = { cookie: `deploy=${as.session}` };
    const socket = new WebSocket(`${origin.replace("http", "ws")}${live}`, { headers, origin, ...options });
    socket.on("error", () => undefined);
    return socket;
  };
  const opened = (socket: WebSocket): Promise<unknown> =>
    new Promise((resolve) => socket.once("message", resolve));
  const closed = (socket: WebSocket): Promise<readonly [number, string]> =>
    new Promise((resolve) => socket.once("close", (code, reason) => resolve([code, reason.toString()])));

  test("one person has so many, whatever sessions and tokens they have; nobody else is kept out", async () => {
    const { port } = await serve({ socketsOfOne: 2 });
    const by = { caller: await it.services.access.callerOf({ session: maria.session }) };
    if (by.caller.kind !== "person") throw new Error("she is not signed in");
    const token = await it.services.access.tokens.make(
      { ...by, caller: by.caller },
      { name: "ci", app: "shop", role: "viewer" },
    );
    const one = knock(port, maria);
    const two = new WebSocket(`ws://127.0.0.1:${port}${live}`, {
      headers: { authorization: `Bearer ${token.secret}` },
    });
    await Promise.all([opened(one), opened(two)]);
    expect(await closed(knock(port, maria))).toEqual([4429, expect.stringMatching(/^You have 2 live views/)]);
    const other = knock(port, kim);
    await opened(other);
    // A place that was left is free again.
    one.close();
    await closed(one);
    const again = knock(port, maria);
    await opened(again);
    for (const socket of [two, other, again]) socket.terminate();
  });

  test("there are so many in all", async () => {
    const { port } = await serve({ socketsInAll: 2 });
    const [one, two] = [knock(port, maria), knock(port, kim)];
    await Promise.all([opened(one), opened(two)]);
    expect(await closed(knock(port, it.owner))).toEqual([1013, expect.stringMatching(/^The console has 2/)]);
    for (const socket of [one, two]) socket.terminate();
  });

  test("a client that is gone without a word is found out; one that answers is not", async () => {
    const { port } = await serve({ pingEvery: 100 });
    const gone = knock(port, maria, { autoPong: false });
    const there = knock(port, maria);
    await Promise.all([opened(gone), opened(there)]);
    let pings = 0;
    there.on("ping", () => {
      pings += 1;
    });
    expect((await closed(gone))[0]).toBe(1006);
    await expect.poll(() => pings).toBeGreaterThan(4);
    expect(there.readyState).toBe(there.OPEN);
    there.terminate();
  });

  test("who is refused, and does not close, is cut off", async () => {
    const socket = connect({ port: it.port, host: "127.0.0.1", allowHalfOpen: true });
    socket.write(
      `GET ${live} HTTP/1.1\r\nhost: 127.0.0.1:${it.port}\r\norigin: ${it.url}\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
    );
    const cut = new Promise<string>((resolve) =>
      socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "")),
    );
    expect(await until(socket, "end")).toMatch(/^HTTP\/1\.1 401 /);
    const drip = setInterval(() => socket.write("a"), 100);
    expect(await cut).toMatch(/^(?:EPIPE|ECONNRESET)$/);
    clearInterval(drip);
  });
});
