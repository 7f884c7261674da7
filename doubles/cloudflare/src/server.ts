import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Answer, isRefusal, type Refusal, type Route, refuse } from "./http.js";
import type { CloudflareToken, CloudflareZone } from "./state.js";
import type { RecordedCall, World } from "./world.js";

const base = "/client/v4";

/** A server that listens. */
export interface Listening {
  readonly url: string;
  close(): Promise<void>;
}

/** Serves the routes below `/client/v4`: token, rate limit, permissions, faults, judgement. */
export async function serveApi(world: World, routes: readonly Route[]): Promise<Listening> {
  // A route that is all words comes before one with a parameter in their place.
  const table = [...routes]
    .sort((one, other) => one.path.split("{").length - other.path.split("{").length)
    .map((route) => ({ route, pattern: patternOf(route.path) }));

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const began = performance.now();
    const { method = "GET", headers } = request;
    const address = new URL(request.url ?? "/", "http://double");
    const path = address.pathname.startsWith(base) ? address.pathname.slice(base.length) : address.pathname;
    const raw = await collect(request);
    const match = table
      .filter(({ route }) => route.method === method)
      .map(({ route, pattern }) => ({ route, found: pattern.exec(path) }))
      .find(({ found }) => found !== null);
    const parsed = parse(raw);
    const call: RecordedCall = {
      method,
      path,
      query: address.search,
      route: match?.route.path,
      body: parsed,
      headers,
    };
    world.calls.push(call);
    const fault = world.faults.meet(method, path);
    if (fault?.kind === "reset") return void request.socket.destroy();
    if (fault?.kind === "hang") return;
    if (fault?.kind === "before") await fault.run();
    let status = 200;
    let extra: Readonly<Record<string, string>> = {};
    let body: unknown;
    try {
      if (fault?.kind === "answer") throw { refusal: true, ...fault } satisfies Refusal & typeof fault;
      const token = tokenOf(world, headers.authorization);
      const blocked = world.rate.take(token.value, world.now());
      if (blocked > 0) {
        const seconds = String(Math.ceil(blocked / 1000));
        refuse(429, 10_300, "Please wait and consider throttling your request speed", undefined, {
          "Retry-After": seconds,
          Ratelimit: `"default";r=0;t=${seconds}`,
        });
      }
      if (parsed === unreadable) refuse(400, 6007, "Malformed JSON in request body");
      world.judge?.request(method, path, address.searchParams, parsed);
      if (match === undefined) {
        refuse(404, 7003, `Could not route to ${path}, perhaps your object identifier is invalid?`, [
          { code: 7000, message: "No route for that URI" },
        ]);
      }
      const { route, found } = match;
      if (route.permissions.length > 0 && !route.permissions.some((one) => token.permissions.includes(one))) {
        refuse(403, 10_000, "Authentication error");
      }
      const params = decoded(found?.groups ?? {});
      const answer = await route.handle({
        params,
        query: address.searchParams,
        body: (parsed ?? {}) as Readonly<Record<string, unknown>>,
        token,
        get zone() {
          return zoneOf(world, token, params.zone_id ?? "", path);
        },
      });
      body = envelope(answer);
    } catch (thrown) {
      if (!isRefusal(thrown)) world.failures.push(thrown);
      const refusal: Refusal = isRefusal(thrown)
        ? thrown
        : {
            refusal: true,
            status: 500,
            errors: [{ code: 1001, message: `The double failed: ${String(thrown)}` }],
          };
      status = refusal.status;
      extra = refusal.headers ?? {};
      body = { success: false, errors: refusal.errors, messages: [], result: null };
    }
    world.judge?.answer(method, path, status, body);
    if (fault?.kind === "lost") return void request.socket.destroy();
    // Put into words within the latency, which is all that a call takes.
    const bytes = Buffer.from(JSON.stringify(body));
    const left = world.latency - (performance.now() - began);
    if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
    call.status = fault?.kind === "page" ? fault.status : status;
    if (fault?.kind === "page") {
      response.writeHead(fault.status, { "Content-Type": "text/html" });
      return void response.end("<html><body>gateway</body></html>");
    }
    response.writeHead(status, {
      "Content-Type": "application/json",
      "Content-Length": bytes.length,
      "CF-Ray": "230b030023ae2822-SJC",
      ...extra,
    });
    response.end(bytes);
  }

  const server = createServer((request, response) => {
    serve(request, response).catch((thrown: unknown) => {
      world.failures.push(thrown);
      request.socket.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${base}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function envelope({ result, result_info, bare }: Answer): unknown {
  if (bare === true) return { result };
  const rest = { success: true, errors: [], messages: [] };
  return result_info === undefined ? { ...rest, result } : { ...rest, result, result_info };
}

function tokenOf(world: World, header: string | undefined): CloudflareToken {
  if (header === undefined) refuse(400, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers");
  const value = /^Bearer ([\w.-]{8,})$/.exec(header)?.[1];
  if (value === undefined) {
    refuse(400, 6003, "Invalid request headers", [
      { code: 6111, message: "Invalid format for Authorization header" },
    ]);
  }
  const token = world.tokens.find((one) => one.value === value);
  if (token === undefined) refuse(403, 9109, "Invalid access token");
  if (token.status !== "active") refuse(401, 1000, "Invalid API Token");
  return token;
}

function zoneOf(world: World, token: CloudflareToken, id: string, path: string): CloudflareZone {
  if (!/^[0-9a-f]{32}$/.test(id)) {
    refuse(404, 7003, `Could not route to ${path}, perhaps your object identifier is invalid?`);
  }
  const zone = world.zones.find((one) => one.id === id);
  const isOurs = zone !== undefined && zone.account === token.account;
  if (!isOurs || !(token.zones?.includes(zone.name) ?? true)) refuse(403, 9109, "Invalid zone identifier");
  return zone;
}

const unreadable = Symbol("unreadable");

function parse(raw: Buffer): unknown {
  if (raw.length === 0) return;
  try {
    return JSON.parse(raw.toString());
  } catch {
    return unreadable;
  }
}

async function collect(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function decoded(groups: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(groups).map(([name, value]) => [name, decodeURIComponent(value)]));
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replace(/[.]/g, "\\.").replace(/\{([a-z_]+)\}/gi, "(?<$1>[^/]+)")}$`);
}
