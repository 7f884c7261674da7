import { afterEach, expect, it } from "vitest";
import { ask } from "./testing/client.js";
import { type ProxyUnderTest, startProxy } from "./testing/proxy-under-test.js";
import { httpServer, raw, type TestServer, tcpServer } from "./testing/sockets.js";

let upstream: TestServer;
let under: ProxyUnderTest;

afterEach(async () => {
  await under.proxy.close();
  upstream.close();
});

async function echo(): Promise<void> {
  upstream = await httpServer((request, response) => {
    response.end(JSON.stringify(request.rawHeaders));
  });
  under = await startProxy([upstream.port]);
}

async function seenBy(head: string): Promise<Record<string, string>> {
  const { text } = await raw(under.port, `GET / HTTP/1.1\r\n${head}Connection: close\r\n\r\n`);
  expect(text).toContain("HTTP/1.1 200");
  const json = text.slice(text.indexOf("\r\n\r\n") + 4).replace(/^[0-9a-f]+\r\n|\r\n0\r\n\r\n$/g, "");
  const list = JSON.parse(json) as string[];
  const seen: Record<string, string> = {};
  for (let index = 0; index < list.length; index += 2) {
    const name = (list[index] as string).toLowerCase();
    seen[name] = seen[name] === undefined ? (list[index + 1] as string) : `${seen[name]}|${list[index + 1]}`;
  }
  return seen;
}

it("says who the client is and believes nothing the client says about it", async () => {
  await echo();
  const seen = await seenBy(
    "Host: app.test:81\r\nX-Forwarded-For: 6.6.6.6\r\nX_Forwarded_For: 6.6.6.6\r\nx-forwarded-proto: https\r\n" +
      "X-Forwarded-Prefix: /admin\r\nForwarded: for=6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\nProxy: http://evil\r\n" +
      "X_Request_Id: forged\r\nX-Own: kept\r\nx_own: kept too\r\n",
  );
  expect(seen).toMatchObject({
    host: "app.test:81",
    "x-forwarded-for": "127.0.0.1",
    "x-forwarded-proto": "http",
    "x-forwarded-host": "app.test:81",
    "x-forwarded-port": String(under.port),
    "x-own": "kept",
    x_own: "kept too",
  });
  expect(Object.keys(seen).sort()).toEqual(
    [
      "connection",
      "host",
      "x-forwarded-for",
      "x-forwarded-host",
      "x-forwarded-port",
      "x-forwarded-proto",
      "x-own",
      "x-request-id",
      "x_own",
    ].sort(),
  );
});

it("keeps a sane request id and replaces any other", async () => {
  await echo();
  const uuid = /^[0-9a-f-]{36}$/;
  expect((await seenBy("Host: app.test\r\nX-Request-Id: abc-123\r\n"))["x-request-id"]).toBe("abc-123");
  expect((await seenBy("Host: app.test\r\nX-Request-Id: a b\r\n"))["x-request-id"]).toMatch(uuid);
  expect((await seenBy(`Host: app.test\r\nX-Request-Id: ${"a".repeat(200)}\r\n`))["x-request-id"]).toMatch(
    uuid,
  );
  expect((await seenBy("Host: app.test\r\n"))["x-request-id"]).toMatch(uuid);
});

it("removes hop-by-hop headers of the request, named ones included, but never framing or host", async () => {
  await echo();
  const { text } = await raw(
    under.port,
    "POST / HTTP/1.1\r\nHost: app.test\r\nConnection: close, X-Private, Content-Length, Host, X-Forwarded-For\r\n" +
      "X-Private: 1\r\nTE: trailers\r\nProxy-Authorization: x\r\nKeep-Alive: timeout=9\r\nContent-Length: 2\r\n\r\nhi",
  );
  expect(text).toContain("HTTP/1.1 200");
  for (const name of ["X-Private", "TE", "Proxy-Authorization", "Keep-Alive"])
    expect(text).not.toContain(`"${name}"`);
  expect(text.toLowerCase()).toContain('"content-length","2"');
  expect(text).toContain('"x-forwarded-for","127.0.0.1"');
  expect(text).toContain('"host","app.test"');
});

it("removes hop-by-hop headers of the response and keeps repeated ones", async () => {
  upstream = await tcpServer((socket) => {
    socket.on("data", () =>
      socket.end(
        "HTTP/1.1 200 Fine\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=3\r\nProxy-Connection: x\r\n" +
          "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Byte: \xe9\r\nContent-Length: 2\r\n\r\nok",
        "latin1",
      ),
    );
  });
  under = await startProxy([upstream.port]);
  const { text } = await raw(under.port, "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n", 400);
  expect(text).toMatch(/^HTTP\/1.1 200 Fine\r\n/);
  expect(text).not.toMatch(/x-hop|timeout=3|proxy-connection/i);
  expect(text).toContain("Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n");
  expect(text).toContain("X-Byte: \xe9\r\n");
  expect(text).toMatch(/\r\n\r\nok$/);
});

it.each([
  [
    "content-length and transfer-encoding",
    "Host: app.test\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n",
  ],
  ["two different content-lengths", "Host: app.test\r\nContent-Length: 4\r\nContent-Length: 5\r\n"],
  ["an unknown transfer-encoding", "Host: app.test\r\nTransfer-Encoding: chunked, identity\r\n"],
  ["a space before the colon", "Host: app.test\r\nTransfer-Encoding : chunked\r\n"],
  [
    "a folded header",
    "Host: app.test\r\nX: a\r\n b: c\r\nContent-Length: 0\r\nTransfer-Encoding: xchunked\r\n",
  ],
  ["a bare line feed", "Host: app.test\nContent-Length: 0\r\n"],
  ["a signed length", "Host: app.test\r\nContent-Length: +4\r\n"],
  ["no host", ""],
  ["two hosts", "Host: app.test\r\nHost: other.test\r\nContent-Length: 0\r\n"],
  ["a target that is no path", "Host: app.test\r\nContent-Length: 0\r\n", "*"],
])("refuses %s before any upstream sees it", async (_name, head, target = "/") => {
  let requests = 0;
  upstream = await tcpServer((socket) => {
    socket.on("data", () => {
      requests += 1;
      socket.end("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    });
  });
  under = await startProxy([upstream.port]);
  const smuggled = "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: app.test\r\n\r\n";
  const { text } = await raw(under.port, `POST ${target} HTTP/1.1\r\n${head}\r\n${smuggled}`, 500);
  expect(text).toMatch(/^HTTP\/1.1 (400|501)/);
  expect(requests).toBeLessThanOrEqual(target === "*" ? 1 : 0);
});

it("limits the size of headers in both directions", async () => {
  upstream = await httpServer((request, response) => {
    if (request.url === "/big") response.setHeader("X-Big", "b".repeat(40_000));
    response.end("ok");
  });
  under = await startProxy([upstream.port]);
  const inside = await ask({ port: under.port, headers: { Cookie: "c".repeat(15_000) } });
  expect(inside.status).toBe(200);
  const { text } = await raw(
    under.port,
    `GET / HTTP/1.1\r\nHost: app.test\r\nX: ${"y".repeat(40_000)}\r\n\r\n`,
  );
  expect(text).toMatch(/^HTTP\/1.1 431/);
  expect((await ask({ port: under.port, path: "/big" })).status).toBe(502);
});
