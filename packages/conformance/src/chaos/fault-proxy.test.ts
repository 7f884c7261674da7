import { createHash, randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, request, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createFaultProxy, type FaultProxy, type FaultProxyOptions } from "./fault-proxy.js";

let vendor: Server;
let proxy: FaultProxy;
/** What reached the vendor. */
let seen: { method: string; url: string; host: string; body: string }[];
let finishStream: () => void;

beforeEach(async () => {
  seen = [];
  vendor = createServer(async (incoming, response) => {
    if (incoming.url === "/talk") return void incoming.pipe(response);
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString("latin1");
    const { method = "", url = "", headers } = incoming;
    seen.push({ method, url, host: headers.host ?? "", body });
    response.setHeader("x-two", ["a", "b"]);
    if (url === "/stream") {
      response.write("first\n");
      finishStream = () => response.end("last\n");
    } else response.end(`${method} ${url} ${body.length}`);
  });
  vendor.on("upgrade", (incoming: IncomingMessage, socket: Socket) => {
    socket.write("HTTP/1.1 101 Switching Protocols\r\nupgrade: echo\r\nconnection: upgrade\r\n\r\n");
    socket.write(`${incoming.url} `);
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => vendor.listen(0, "127.0.0.1", resolve));
});

afterEach(async () => {
  await proxy.close();
  vendor.closeAllConnections();
  await new Promise((resolve) => vendor.close(resolve));
});

async function start(options: Partial<FaultProxyOptions> = {}): Promise<FaultProxy> {
  const target = new URL(`http://127.0.0.1:${(vendor.address() as AddressInfo).port}`);
  proxy = await createFaultProxy({ target, ...options });
  return proxy;
}

function digestOf(body: string | Buffer): string {
  return createHash("sha256").update(body).digest("hex").slice(0, 16);
}

function ask(
  method: string,
  path: string,
  body?: string | Buffer,
): Promise<{ status: number; text: string; headers: IncomingMessage["headers"] }> {
  return new Promise((resolve, reject) => {
    const sent = request(new URL(path, proxy.address as URL), { method, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("error", reject);
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, text, headers: response.headers }),
      );
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

describe("createFaultProxy", () => {
  it("passes calls on as they are, numbers and records them", async () => {
    await start();
    expect(await ask("GET", "/a?b=1")).toMatchObject({ status: 200, text: "GET /a?b=1 0" });
    const { headers } = await ask("POST", "/things", "hello");
    expect(headers["x-two"]).toBe("a, b");
    await ask("POST", "/things", "hello");
    await ask("DELETE", "/things/1");
    const host = (proxy.address as URL).host;
    expect(seen.map((one) => one.host)).toEqual([host, host, host, host]);
    expect(seen[1]?.body).toBe("hello");
    expect(proxy.calls).toMatchObject([
      { number: 1, method: "GET", path: "/a?b=1", bodyDigest: "", status: 200 },
      { number: 2, mutation: 1, method: "POST", path: "/things", bodyDigest: "2cf24dba5fb0a30e" },
      { number: 3, mutation: 2, bodyDigest: "2cf24dba5fb0a30e" },
      { number: 4, mutation: 3, method: "DELETE", bodyDigest: "" },
    ]);
    expect(proxy.calls[0]).not.toHaveProperty("mutation");
    proxy.reset();
    expect(proxy.calls).toEqual([]);
    await ask("PUT", "/x");
    expect(proxy.calls).toMatchObject([{ number: 1, mutation: 1 }]);
  });

  it("lets a function tell what mutates, by headers and body", async () => {
    await start({ isMutation: ({ body }) => body.toString().startsWith("Action=Create") });
    await ask("POST", "/", "Action=Describe");
    await ask("POST", "/", "Action=Create");
    expect(proxy.calls.map((call) => call.mutation)).toEqual([undefined, 1]);
  });

  it("passes large bodies on, and digests all of them", async () => {
    await start();
    const body = randomBytes(5 * 1024 * 1024);
    expect((await ask("PUT", "/large", body)).text).toBe(`PUT /large ${body.length}`);
    expect(proxy.calls[0]?.bodyDigest).toBe(digestOf(body));
  });

  it("passes streams on as they come", async () => {
    await start();
    const text: string[] = [];
    await new Promise<void>((resolve, reject) => {
      const sent = request(new URL("/stream", proxy.address as URL), { agent: false }, (response) => {
        response.setEncoding("utf8").on("data", (chunk: string) => {
          text.push(chunk);
          if (text.length === 1) finishStream();
        });
        response.on("end", resolve).on("error", reject);
      });
      sent.on("error", reject).end();
    });
    expect(text).toEqual(["first\n", "last\n"]);
  });

  it("lets a client talk and listen at the same time", async () => {
    await start();
    const heard: string[] = [];
    await new Promise<void>((resolve, reject) => {
      const sent = request(
        new URL("/talk", proxy.address as URL),
        { method: "POST", agent: false },
        (response) => {
          response.setEncoding("utf8").on("data", (chunk: string) => {
            heard.push(chunk);
            if (heard.length === 1) sent.end("two");
          });
          response.on("end", resolve).on("error", reject);
        },
      );
      sent.on("error", reject).write("one");
    });
    expect(heard).toEqual(["one", "two"]);
    expect(proxy.calls[0]?.bodyDigest).toBe(digestOf("onetwo"));
  });

  it("puts the path of its target before every path", async () => {
    const target = new URL(`http://127.0.0.1:${(vendor.address() as AddressInfo).port}/api/`);
    await start({ target });
    expect((await ask("GET", "/a?b=1")).text).toBe("GET /api/a?b=1 0");
    expect(proxy.calls[0]?.path).toBe("/a?b=1");
  });

  it("passes upgrades through", async () => {
    await start();
    const answer = await new Promise<string>((resolve, reject) => {
      const sent = request(new URL("/socket", proxy.address as URL), {
        headers: { connection: "upgrade", upgrade: "echo" },
      });
      sent.on("error", reject);
      sent.on("upgrade", (_response, socket, head) => {
        let text = head.toString();
        socket.on("data", (chunk: Buffer) => {
          text += chunk.toString();
          if (!text.endsWith("echoed")) return;
          socket.destroy();
          resolve(text);
        });
        socket.write("echoed");
      });
      sent.end();
    });
    expect(answer).toBe("/socket echoed");
    expect(proxy.calls).toMatchObject([{ number: 1, method: "GET", path: "/socket", upgrade: true }]);
  });

  it("kills before, during and after, and the client hears nothing", async () => {
    await start();
    const killed: string[] = [];
    for (const when of ["before", "during", "after"] as const) {
      const kill = (): void => void killed.push(`${when} ${seen.length}`);
      proxy.plan({ at: (call) => call.path === `/${when}`, fault: { kind: "kill", when, kill } });
    }
    for (const when of ["before", "during", "after"]) {
      await expect(ask("POST", `/${when}`, "x")).rejects.toThrow(/ECONNRESET|hang up/);
    }
    await expect.poll(() => seen.map((one) => one.url)).toEqual(["/during", "/after"]);
    expect(killed[0]).toBe("before 0");
    expect(killed[2]).toBe("after 2");
    expect(proxy.calls.map((call) => call.fault)).toEqual(["kill", "kill", "kill"]);
  });

  it("resets the connection before and after", async () => {
    await start();
    proxy.plan({ at: { call: 1 }, fault: { kind: "reset", when: "before" } });
    proxy.plan({ at: { call: 2 }, fault: { kind: "reset", when: "after" } });
    await expect(ask("POST", "/1")).rejects.toThrow("ECONNRESET");
    await expect(ask("POST", "/2")).rejects.toThrow("ECONNRESET");
    expect(seen.map((one) => one.url)).toEqual(["/2"]);
    expect((await ask("POST", "/3")).status).toBe(200);
  });

  it("throttles so often, that call only", async () => {
    await start();
    proxy.plan({ at: { mutation: 2 }, fault: { kind: "throttle", times: 2, retryAfter: 3 } });
    const answers = [];
    for (const path of ["/a", "/b", "/a", "/b", "/b"]) answers.push(await ask("POST", path));
    expect(answers.map(({ status }) => status)).toEqual([200, 429, 200, 429, 200]);
    expect(answers[1]?.headers["retry-after"]).toBe("3");
    expect(seen.map((one) => one.url)).toEqual(["/a", "/a", "/b"]);
  });

  it("answers 500 without asking and 503 after asking the vendor", async () => {
    await start();
    proxy.plan({ at: { call: 1 }, fault: { kind: "status", status: 500, when: "before" } });
    proxy.plan({ at: { call: 2 }, fault: { kind: "status", status: 503, when: "after" } });
    expect((await ask("POST", "/1")).status).toBe(500);
    expect((await ask("POST", "/2")).status).toBe(503);
    expect(seen.map((one) => one.url)).toEqual(["/2"]);
    expect(proxy.calls[1]?.status).toBe(200);
  });

  it("truncates, delays and rewrites", async () => {
    await start();
    proxy.plan({ at: { call: 1 }, fault: { kind: "truncate", bytes: 3 } });
    proxy.plan({ at: { call: 2 }, fault: { kind: "delay", ms: 80 } });
    proxy.plan({
      at: { call: 3 },
      fault: {
        kind: "rewrite",
        rewrite: (answer, call) => ({
          ...answer,
          status: 202,
          body: Buffer.from(`${call.path} was ${answer.body}`),
        }),
      },
    });
    await expect(ask("POST", "/1")).rejects.toThrow("aborted");
    const began = performance.now();
    expect((await ask("POST", "/2")).text).toBe("POST /2 0");
    expect(performance.now() - began).toBeGreaterThan(75);
    expect(await ask("POST", "/3")).toMatchObject({ status: 202, text: "/3 was POST /3 0" });
  });

  it("lets somebody else act before a call is passed on", async () => {
    await start();
    const target = `http://127.0.0.1:${(vendor.address() as AddressInfo).port}/theirs`;
    const act = async () => void (await fetch(target, { method: "PUT" }));
    proxy.plan({ at: { call: 1 }, fault: { kind: "meanwhile", act } });
    expect((await ask("POST", "/ours")).text).toBe("POST /ours 0");
    expect(seen.map((one) => one.url)).toEqual(["/theirs", "/ours"]);
    expect(proxy.calls).toMatchObject([{ path: "/ours", fault: "meanwhile" }]);
  });

  it("asks onCall for a fault", async () => {
    await start({
      onCall: (call) => (call.path === "/bad" ? { kind: "status", status: 418, when: "before" } : undefined),
    });
    expect((await ask("GET", "/good")).status).toBe(200);
    expect((await ask("GET", "/bad")).status).toBe(418);
  });

  it("answers in the vendor's place, by what is in the request", async () => {
    await start({
      onCall: (_call, { body, headers }) =>
        body.length === 0
          ? {
              kind: "answer",
              answer: {
                status: 409,
                headers: { "x-host": headers.host ?? "" },
                body: Buffer.from("scripted"),
              },
            }
          : undefined,
    });
    expect(await ask("GET", "/1")).toMatchObject({ status: 409, text: "scripted" });
    expect(proxy.calls[0]).toMatchObject({ fault: "answer" });
    expect(proxy.calls[0]).not.toHaveProperty("status");
  });

  it("invents no answer for a vendor that is not there", async () => {
    await start({ target: { socketPath: "/nowhere/vendor.sock" } });
    await expect(ask("GET", "/")).rejects.toThrow("ECONNRESET");
    expect(proxy.calls[0]).not.toHaveProperty("status");
  });
});
