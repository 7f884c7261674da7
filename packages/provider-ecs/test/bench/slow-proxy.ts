import { Agent, createServer, type IncomingMessage, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** A call as it went by. Milliseconds since 1970, with fractions. */
export interface TimedCall {
  /** `ecs`, `elasticloadbalancing`: as in the signature. */
  readonly service: string;
  /** `DescribeServices`; for the services that say it by method and path, these. */
  readonly operation: string;
  readonly status: number;
  readonly startedAt: number;
  readonly endedAt: number;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

/** A vendor at a distance: every call takes at least so long, and when it came and went is written down. */
export interface SlowProxy {
  readonly url: URL;
  /** Milliseconds that each call takes at least, however fast the emulator is. */
  latencyMs: number;
  /**
   * Answers what it has been asked before from memory, so that the emulator's own time, which serves one call after the
   * other, is none of what is measured. Only reads; not for runs that change anything.
   */
  isReplaying: boolean;
  /** The calls since somebody asked last. */
  take(): readonly TimedCall[];
  forget(): void;
  close(): Promise<void>;
}

/** Starts it in front of `target`, on a free port of 127.0.0.1. */
export async function createSlowProxy(target: URL): Promise<SlowProxy> {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const memory = new Map<string, Answer>();
  let calls: TimedCall[] = [];
  const server: Server = createServer(async (incoming, outgoing) => {
    const startedAt = performance.timeOrigin + performance.now();
    try {
      const body = await bodyOf(incoming);
      const key = keyOf(incoming, body);
      const known = proxy.isReplaying && isReplayable(incoming, body) ? memory.get(key) : undefined;
      const answer = known ?? (await forward(target, agent, incoming, body));
      if (known === undefined) memory.set(key, answer);
      const left = startedAt + proxy.latencyMs - (performance.timeOrigin + performance.now());
      if (left > 0) await sleep(left);
      const { connection: _connection, "transfer-encoding": _encoding, ...headers } = answer.headers;
      outgoing.writeHead(answer.status, { ...headers, "content-length": answer.body.length });
      outgoing.end(answer.body);
      const endedAt = performance.timeOrigin + performance.now();
      calls.push({ ...nameOf(incoming, body), status: answer.status, startedAt, endedAt });
    } catch {
      outgoing.destroy();
    }
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const proxy: SlowProxy = {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    latencyMs: 0,
    isReplaying: false,
    take() {
      const taken = calls.toSorted((left, right) => left.startedAt - right.startedAt);
      calls = [];
      return taken;
    },
    forget: () => memory.clear(),
    async close() {
      agent.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Reads of anything but the lock, which each run takes and gives back. */
function isReplayable(message: IncomingMessage, body: Buffer): boolean {
  const { operation } = nameOf(message, body);
  return /^(?:Describe|Get|List|GET )/.test(operation) && !body.includes("/deploy-locks/");
}

/** What a call asks, apart from when it does. */
function keyOf({ method, url, headers }: IncomingMessage, body: Buffer): string {
  return `${serviceOf(headers)} ${headers["x-amz-target"] ?? ""} ${method} ${url} ${body.toString("base64")}`;
}

function serviceOf(headers: IncomingMessage["headers"]): string {
  return /Credential=[^/]+\/\d+\/[^/]+\/([^/]+)\//.exec(headers.authorization ?? "")?.[1] ?? "";
}

function nameOf(
  { method, url, headers }: IncomingMessage,
  body: Buffer,
): { service: string; operation: string } {
  const target = headers["x-amz-target"];
  const service = serviceOf(headers);
  if (typeof target === "string") return { service, operation: target.split(".").at(-1) ?? target };
  const action = new URLSearchParams(body.toString("utf8")).get("Action");
  return { service, operation: action ?? `${method} ${url?.split("?")[0]}` };
}

function forward(target: URL, agent: Agent, incoming: IncomingMessage, body: Buffer): Promise<Answer> {
  const { method = "GET", url: path = "/", headers } = incoming;
  return new Promise((resolve, reject) => {
    const call = request(
      {
        host: target.hostname,
        port: target.port,
        method,
        path,
        headers: { ...headers, "content-length": body.length },
        agent,
      },
      (response) => {
        bodyOf(response).then(
          (answer) =>
            resolve({ status: response.statusCode ?? 502, headers: response.headers, body: answer }),
          reject,
        );
      },
    );
    call.on("error", reject);
    call.end(body);
  });
}
