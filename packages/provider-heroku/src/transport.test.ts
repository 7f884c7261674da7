import { getEventListeners } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type HerokuTransport, largestAnswer, TransportFailure, type TransportRequest } from "./transport.js";
import { fetchTransport } from "./transport-fetch.js";
import { herokuClientTransport } from "./transport-heroku-client.js";

type Behaviour = (request: IncomingMessage, response: ServerResponse) => void;

/** A server that misbehaves as it is told, and remembers what came. */
interface Hostile {
  readonly origin: string;
  readonly seen: {
    readonly method: string;
    readonly headers: IncomingMessage["headers"];
    readonly body: string;
  }[];
  behave(behaviour: Behaviour): void;
  close(): Promise<void>;
}

async function startHostile(): Promise<Hostile> {
  let behaviour: Behaviour = (_request, response) => response.end("{}");
  const seen: Hostile["seen"] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString("utf8");
      seen.push({ method: request.method ?? "", headers: request.headers, body });
      behaviour(request, response);
    });
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    behave: (next) => {
      behaviour = next;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const transports: readonly [string, () => HerokuTransport][] = [
  ["heroku-client", herokuClientTransport],
  ["fetch", () => fetchTransport((input, init) => fetch(input, init))],
];

describe.each(transports)("transport on %s", (name, make) => {
  let hostile: Hostile;
  let transport: HerokuTransport;
  const ask = (given: Partial<TransportRequest> = {}) =>
    transport.send({
      method: "GET",
      origin: hostile.origin,
      path: "/apps",
      accept: "application/vnd.heroku+json; version=3",
      headers: { authorization: "Bearer secret-token" },
      signal: new AbortController().signal,
      timeoutMs: 5_000,
      ...given,
    });
  const failure = async (given: Partial<TransportRequest> = {}): Promise<TransportFailure> => {
    const thrown: unknown = await ask(given).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (!(thrown instanceof TransportFailure)) throw new Error(`no failure, but ${String(thrown)}`);
    return thrown;
  };

  beforeEach(async () => {
    hostile = await startHostile();
    transport = make();
  });
  afterEach(() => hostile.close());

  it("says its name", () => expect(transport.name).toBe(name));

  it("sends headers and body as they were given, once", async () => {
    await ask({
      method: "POST",
      body: '{"name":"größe"}',
      headers: { authorization: "Bearer t", "x-one": "1" },
    });
    expect(hostile.seen).toHaveLength(1);
    const [request] = hostile.seen;
    expect(request?.body).toBe('{"name":"größe"}');
    expect(request?.headers).toMatchObject({
      authorization: "Bearer t",
      accept: "application/vnd.heroku+json; version=3",
      "content-type": "application/json",
      "x-one": "1",
    });
    expect(request?.headers["user-agent"]).toMatch(/^deploy-provider-heroku\//);
  });

  it("sends a range only where one was given, and no type without a body", async () => {
    await ask();
    await ask({ range: "version ..; max=5, order=desc" });
    expect(hostile.seen[0]?.headers.range).toBeUndefined();
    expect(hostile.seen[0]?.headers["content-type"]).toBeUndefined();
    expect(hostile.seen[1]?.headers.range).toBe("version ..; max=5, order=desc");
  });

  it.each(["DELETE", "PUT", "PATCH", "HEAD"] as const)("sends %s", async (method) => {
    await ask({ method, ...(method === "PUT" || method === "PATCH" ? { body: "{}" } : {}) });
    expect(hostile.seen[0]?.method).toBe(method);
  });

  it("answers with status and headers, whatever the status is", async () => {
    for (const status of [200, 201, 206, 302, 304, 401, 404, 422, 429, 500, 503]) {
      hostile.behave((_request, response) => {
        response.writeHead(status, {
          "RateLimit-Remaining": "7",
          "Next-Range": "id a..; max=1",
          Location: "/elsewhere",
        });
        response.end(status === 304 ? undefined : '{"id":"x"}');
      });
      const answer = await ask();
      expect(answer.status).toBe(status);
      expect(answer.headers).toMatchObject({ "ratelimit-remaining": "7", "next-range": "id a..; max=1" });
      expect(answer.body).toBe(status === 304 ? "" : '{"id":"x"}');
    }
    expect(hostile.seen).toHaveLength(11);
  });

  it("keeps a character whole that is split between two chunks", async () => {
    const bytes = Buffer.from('{"name":"grün 🔑 日本"}');
    hostile.behave((_request, response) => {
      const cuts = [0, 11, 16, 18, bytes.length];
      const write = (index: number): void => {
        if (index === cuts.length - 1) return void response.end();
        response.write(bytes.subarray(cuts[index], cuts[index + 1]));
        setTimeout(() => write(index + 1), 10);
      };
      write(0);
    });
    expect((await ask()).body).toBe('{"name":"grün 🔑 日本"}');
  });

  it.each(["GET", "POST"] as const)("sends a %s once, although the connection is reset", async (method) => {
    hostile.behave((request) => request.socket.resetAndDestroy());
    expect((await failure({ method, ...(method === "POST" ? { body: "{}" } : {}) })).reason).toBe("cut");
    // A replay of the library's would come after one second.
    await new Promise((resolve) => setTimeout(resolve, 1_400));
    expect(hostile.seen).toHaveLength(1);
  });

  it("rejects an answer that is cut in its middle", async () => {
    hostile.behave((_request, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write('{"id":');
      setTimeout(() => response.destroy(), 10);
    });
    expect((await failure()).reason).toBe("cut");
  });

  it("rejects a chunked answer without its end", async () => {
    hostile.behave((_request, response) => {
      response.writeHead(200);
      response.write('{"id":');
      setTimeout(() => response.destroy(), 10);
    });
    expect((await failure()).reason).toBe("cut");
  });

  it("gives up when headers do not come in time, and sends nothing again behind our back", async () => {
    hostile.behave(() => undefined);
    expect((await failure({ method: "POST", body: "{}", timeoutMs: 60 })).reason).toBe("timeout");
    await new Promise((resolve) => setTimeout(resolve, 1_400));
    expect(hostile.seen).toHaveLength(1);
  });

  it("gives up when the body does not end in time, although bytes keep coming", async () => {
    hostile.behave((_request, response) => {
      const timer = setInterval(() => response.write(" "), 5);
      response.on("close", () => clearInterval(timer));
    });
    expect((await failure({ timeoutMs: 80 })).reason).toBe("timeout");
  });

  it("waits for slow headers that come in time", async () => {
    hostile.behave((_request, response) => setTimeout(() => response.end("{}"), 60));
    expect((await ask()).status).toBe(200);
  });

  it("stops reading an answer that is larger than any should be", async () => {
    hostile.behave((_request, response) => {
      const chunk = Buffer.alloc(1024 * 1024, " ");
      const write = (): void => {
        while (!response.destroyed) if (!response.write(chunk)) return void response.once("drain", write);
      };
      write();
    });
    expect((await failure({ timeoutMs: 30_000 })).reason).toBe("too-large");
    expect(largestAnswer).toBeLessThan(64 * 1024 * 1024);
  });

  it("says that nothing was sent when there is nobody to connect to", async () => {
    await hostile.close();
    const thrown = await failure();
    expect(thrown.reason).toBe("unreachable");
    expect(thrown.code).toBe("ECONNREFUSED");
    hostile = await startHostile();
  });

  it("sends nothing under a signal that is aborted already", async () => {
    await expect(ask({ signal: AbortSignal.abort(new Error("stop")) })).rejects.toThrow("stop");
    expect(hostile.seen).toHaveLength(0);
  });

  it("ends with the signal's own reason while it waits", async () => {
    const stop = new AbortController();
    hostile.behave(() => stop.abort(new Error("stop")));
    await expect(ask({ signal: stop.signal })).rejects.toThrow("stop");
  });

  it("leaves no listener on a signal that lives on", async () => {
    const { signal } = new AbortController();
    for (let count = 0; count < 5; count += 1) await ask({ signal });
    hostile.behave((request) => request.socket.resetAndDestroy());
    await failure({ signal });
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });

  it("says nothing of what was sent in a failure", async () => {
    hostile.behave((request) => request.socket.resetAndDestroy());
    const thrown = await failure({ method: "PATCH", body: '{"KEY":"hunter22"}' });
    expect(JSON.stringify({ ...thrown, message: thrown.message, stack: thrown.stack })).not.toMatch(
      /hunter22|secret-token/,
    );
  });
});
