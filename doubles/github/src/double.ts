import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { authorize, exchange, type Registration } from "./oauth.js";
import { type RestAnswer, read } from "./rest.js";
import type { Fault, GitHubUser, State } from "./state.js";

/** How the double is set up. */
export interface GitHubDoubleOptions {
  /** The callback that the app is registered with; may be set later. Default: none that fits. */
  readonly redirectUri?: string;
  /** Milliseconds since 1970. Default `Date.now`. */
  readonly now?: () => number;
}

/** A double of GitHub that runs. */
export interface GitHubDouble {
  /** In the place of both `https://github.com` and `https://api.github.com`. */
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Login of whoever the browser is at GitHub; undefined: nobody. */
  signedInAs: string | undefined;
  /** The callback that the app is registered with. */
  redirectUri: string;
  /** The person says no. Default false. */
  denies: boolean;
  /** `GET /user`, in the order they came. */
  readonly calls: readonly string[];
  addUser(user: Partial<GitHubUser> & Pick<GitHubUser, "login">): GitHubUser;
  /** What goes wrong with the next calls of a path. */
  next(path: string, ...faults: readonly Fault[]): void;
  close(): Promise<void>;
}

/** Starts a double on a free port of the loopback interface. */
export async function createGitHubDouble(options: GitHubDoubleOptions = {}): Promise<GitHubDouble> {
  const { now = Date.now } = options;
  const registration: Registration = {
    clientId: "Ov23liDOUBLE",
    clientSecret: "0123456789abcdef0123456789abcdef01234567",
    redirectUri: options.redirectUri ?? "http://127.0.0.1:1/",
  };
  const state: State = { users: [], codes: new Map(), tokens: new Map(), faults: new Map(), calls: [] };
  const who = { signedInAs: undefined as string | undefined, denies: false };
  let url = "";

  const server = createServer((request, response) => {
    void handle(request, response).catch(() => response.destroy());
  });

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const target = new URL(request.url ?? "/", "http://double");
    const { pathname: path } = target;
    state.calls.push(`${request.method} ${path}`);
    const body = await textOf(request);
    const fault = state.faults.get(path)?.shift();
    if (fault?.kind === "reset") {
      request.socket.destroy();
      return;
    }
    if (fault !== undefined) return json(response, fault.status, { message: "Server Error" });
    if (path === "/login/oauth/authorize" && request.method === "GET") {
      const answer = authorize(state, registration, target.searchParams, {
        login: who.signedInAs,
        denies: who.denies,
        now: now(),
      });
      if ("status" in answer) return json(response, answer.status, { message: "Not Found" });
      response.writeHead(302, { location: answer.location }).end();
      return;
    }
    if (path === "/login/oauth/access_token" && request.method === "POST") {
      const answer = exchange(state, registration, new URLSearchParams(body), now());
      if (request.headers.accept === "application/json") return json(response, 200, answer);
      response.writeHead(200, { "content-type": "application/x-www-form-urlencoded; charset=utf-8" });
      response.end(new URLSearchParams(answer).toString());
      return;
    }
    rest(request, response, target);
  };

  const rest = (request: IncomingMessage, response: ServerResponse, target: URL): void => {
    if (request.headers["user-agent"] === undefined) {
      response.writeHead(403).end("Request forbidden by administrative rules.");
      return;
    }
    const bearer = /^(?:bearer|token) (.+)$/i.exec(request.headers.authorization ?? "")?.[1];
    const token = state.tokens.get(bearer ?? "");
    if (token === undefined) {
      json(response, 401, { message: "Bad credentials" });
      return;
    }
    if (request.method !== "GET") {
      json(response, 404, { message: "Not Found" });
      return;
    }
    send(response, target, read(target.pathname, token), url);
  };

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let id = 1_000;
  return {
    url,
    clientId: registration.clientId,
    clientSecret: registration.clientSecret,
    get signedInAs() {
      return who.signedInAs;
    },
    set signedInAs(login) {
      who.signedInAs = login;
    },
    get denies() {
      return who.denies;
    },
    set denies(value) {
      who.denies = value;
    },
    get redirectUri() {
      return registration.redirectUri;
    },
    set redirectUri(uri) {
      registration.redirectUri = uri;
    },
    calls: state.calls,
    addUser: (user) => {
      id += 1;
      const made: GitHubUser = { id, name: null, emails: [], organizations: [], teams: [], ...user };
      state.users.push(made);
      return made;
    },
    next: (path, ...faults) => {
      state.faults.set(path, [...(state.faults.get(path) ?? []), ...faults]);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** An answer; a list in pages, with the header that says where it goes on. */
function send(response: ServerResponse, target: URL, answer: RestAnswer, url: string): void {
  if ("status" in answer) {
    json(response, answer.status, { message: answer.message });
    return;
  }
  if ("one" in answer) {
    json(response, 200, answer.one);
    return;
  }
  const perPage = Math.min(100, Math.max(1, Number(target.searchParams.get("per_page") ?? 30)));
  const page = Math.max(1, Number(target.searchParams.get("page") ?? 1));
  const last = Math.max(1, Math.ceil(answer.list.length / perPage));
  const link = (number: number, rel: string): string => {
    const there = new URL(`${url}${target.pathname}`);
    there.searchParams.set("per_page", String(perPage));
    there.searchParams.set("page", String(number));
    return `<${there.href}>; rel="${rel}"`;
  };
  if (page < last) response.setHeader("link", [link(page + 1, "next"), link(last, "last")].join(", "));
  json(response, 200, answer.list.slice((page - 1) * perPage, page * perPage));
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json; charset=utf-8" });
  response.end(JSON.stringify(body));
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
