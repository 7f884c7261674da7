import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { HostName } from "./faults.js";
import { type Answer, type Body, isRefusal, type Refusal, type Route, refuse } from "./http.js";
import type { RecordedCall } from "./ledger.js";
import { cut } from "./paging.js";
import type { Account } from "./state.js";
import { inVariant, variantOf } from "./variants.js";
import type { World } from "./world.js";

/** A host of the double which listens on a port of its own. */
export interface Host {
  readonly url: string;
  close(): Promise<void>;
}

/** Starts an HTTP server on a free port of the loopback interface. */
export async function listen(server: Server): Promise<Host> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Serves routes of JSON: account, rate limit, faults, judgement, pages. */
export function serveJson(world: World, host: HostName, routes: readonly Route[]): Promise<Host> {
  // A route that is all words comes before one with a parameter in their place.
  const variables = (route: Route): number => route.path.split("{").length;
  const table = routes
    .toSorted((left, right) => variables(left) - variables(right))
    .map((route) => ({ route, pattern: patternOf(route.path) }));
  const find = (
    method: string,
    path: string,
  ): { route: Route; params: Record<string, string> } | undefined => {
    for (const { route, pattern } of table) {
      const match = route.method === method ? pattern.exec(path) : null;
      if (match !== null)
        return {
          route,
          params: Object.fromEntries(
            Object.entries(match.groups ?? {}).map(([name, value]) => [name, decodeURIComponent(value)]),
          ),
        };
    }
    return;
  };

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "GET", headers } = request;
    const address = new URL(request.url ?? "/", "http://double");
    const path = address.pathname;
    const raw = await collect(request);
    const token = tokenOf(headers.authorization);
    const found = find(method, path);
    const call = world.ledger.note(
      { host, method, path, route: found?.route.path, accept: headers.accept ?? "" },
      token,
      raw,
    );
    const fault = world.faults.meet(host, method, path, found?.route.path);
    if (fault?.kind === "reset") return void request.socket.destroy();
    if (fault?.kind === "delay") await new Promise((resolve) => setTimeout(resolve, fault.milliseconds));
    const variant = variantOf(headers.accept);
    const extra: Record<string, string> = { "Request-Id": randomUUID(), "RateLimit-Multiplier": "1" };
    try {
      if (fault?.kind === "answer")
        refuse(
          fault.status,
          fault.id,
          fault.message ?? `The double was told to answer ${fault.status}.`,
          fault.extra,
        );
      const account = found?.route.open ? nobody : accountOf(world, token);
      if (account !== nobody && host === "api") {
        const left = found?.route.free ? world.ledger.remaining(token) : world.ledger.spend(token);
        extra["RateLimit-Remaining"] = String(Math.max(0, left));
        if (left < 0)
          refuse(
            429,
            "rate_limit",
            "Your account reached the API rate limit\nPlease wait a few minutes before making new requests",
          );
      }
      const body = readBody(raw);
      if (host === "api") world.judge?.request(method, path, variant, body);
      if (found === undefined) {
        world.unserved.push({ host, method, path });
        refuse(404, "not_found", "The requested API endpoint was not found.");
      }
      gates(account, method, headers["heroku-two-factor-code"]);
      const { route, params } = found;
      const query = address.searchParams;
      const answered = await route.handle({
        method,
        path,
        params,
        query,
        headers,
        body: body as Body,
        account,
      });
      const shaped = inVariant(route.shows, answered.body, variant);
      if (host === "api" && answered.status < 400) world.judge?.answer(method, path, variant, shaped);
      if (fault?.kind === "lost") return void request.socket.destroy();
      const paged = route.list
        ? page({ ...answered, body: shaped }, headers.range, world.options.pageSize)
        : undefined;
      send(response, call, paged ?? { ...answered, body: shaped }, extra, fault?.kind === "cut");
    } catch (thrown) {
      if (!isRefusal(thrown)) world.failures.push(thrown);
      const refusal: Refusal = isRefusal(thrown)
        ? thrown
        : {
            refusal: true,
            status: 500,
            id: "internal_error",
            message: `The double failed: ${String(thrown)}`,
          };
      const { status, id, message } = refusal;
      send(response, call, { status, body: { id, message, ...refusal.extra } }, extra, false);
    }
  }

  return listen(
    createServer((request, response) => {
      serve(request, response).catch((thrown: unknown) => {
        world.failures.push(thrown);
        request.socket.destroy();
      });
    }),
  );
}

const nobody: Account = {
  id: "",
  email: "",
  name: null,
  tokens: [],
  suspendedAt: null,
  delinquentAt: null,
  twoFactorCode: undefined,
  verified: false,
  ecoDynosEnabled: false,
  createdAt: "",
};

/** A token from `Bearer x`, or from the password of `Basic`, which older tools send. */
export function tokenOf(header: string | undefined): string {
  const [scheme = "", value = ""] = (header ?? "").split(" ");
  if (/^bearer$/i.test(scheme)) return value;
  if (!/^basic$/i.test(scheme)) return "";
  const decoded = Buffer.from(value, "base64").toString();
  return decoded.slice(decoded.indexOf(":") + 1);
}

/** Whose a token is; refuses with 401 one that is nobody's. */
function accountOf(world: World, token: string): Account {
  const account = world.state.accounts.find((one) => token !== "" && one.tokens.includes(token));
  return account ?? refuse(401, "unauthorized", "Invalid credentials provided.");
}

function gates(account: Account, method: string, code: string | string[] | undefined): void {
  if (account.suspendedAt !== null) refuse(403, "suspended", "Your account has been suspended.");
  if (method === "GET") return;
  if (account.delinquentAt !== null)
    refuse(402, "delinquent", "Your account is delinquent. Please update your payment method to continue.");
  if (account.twoFactorCode !== undefined && code !== account.twoFactorCode)
    refuse(
      403,
      "two_factor",
      "A second authentication factor or pre-authorization is required for this request.",
    );
}

function page(answered: Answer, range: string | undefined, largest: number): Answer {
  const { items, next, range: part } = cut(answered.body as unknown[], range, largest);
  const headers = { ...answered.headers, "Accept-Ranges": "id, name, version", "Content-Range": part };
  if (next === undefined) return { ...answered, body: items, headers };
  return { status: 206, body: items, headers: { ...headers, "Next-Range": next } };
}

function send(
  response: ServerResponse,
  call: RecordedCall,
  answered: Answer,
  extra: Record<string, string>,
  cutShort: boolean,
): void {
  const empty = answered.body === undefined;
  const body = Buffer.from(empty ? "" : JSON.stringify(answered.body));
  call.status = answered.status;
  response.writeHead(answered.status, {
    ...(!empty && { "Content-Type": "application/json" }),
    "Content-Length": body.length,
    ...extra,
    ...answered.headers,
  });
  if (!cutShort) return void response.end(body);
  response.write(body.subarray(0, Math.max(1, Math.floor(body.length / 2))), () =>
    response.socket?.destroy(),
  );
}

function readBody(raw: Buffer): unknown {
  if (raw.length === 0) return {};
  try {
    return JSON.parse(raw.toString());
  } catch {
    return refuse(400, "bad_request", "Unable to parse JSON.");
  }
}

/** Everything a request carries. */
export async function collect(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function patternOf(path: string): RegExp {
  const source = path.replace(/[.]/g, "\\.").replace(/\{([a-z]+)\}/gi, "(?<$1>[^/]+)");
  return new RegExp(`^${source}$`);
}
