import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { createClient } from "@libsql/client";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { ACTIONS, type Action } from "../src/access/actions.js";
import { reaches } from "../src/access/rights.js";
import type { Route } from "../src/http/route.js";
import { createRouter } from "../src/http/router.js";
import { routes } from "../src/http/routes.js";
import {
  type AskOptions,
  openTestConsole,
  type SignedIn,
  type SocketOptions,
  type TestConsole,
} from "../src/http/testing/console.js";
import { TICKET_LIFE } from "../src/http/tickets.js";
import type { Role } from "../src/shared/access-types.js";

/**
 * Every route and every socket of the table, asked by everybody: DESIGN section 7, rules 1, 2, 3 and 6. Routes that are
 * added are walked without a change here; a parameter of a new name needs a line in `parameters`.
 */

/** What stands for the parameters: things that are there, so that nobody is refused because of them. */
const parameters: Readonly<Record<string, (it: TestConsole) => string>> = {
  app: () => "shop",
  environment: () => "production",
  id: () => "00000000-0000-4000-8000-000000000000",
  number: () => "1",
  name: () => "SECRET_KEY",
};

/** The roles, by what they may at `shop`; `elsewhere` is a manager of another app. */
const people = {
  viewer: { shop: "viewer" },
  deployer: { shop: "deployer" },
  operator: { shop: "operator" },
  manager: { shop: "manager" },
  elsewhere: { blog: "manager" },
  "viewer of all": { "*": "viewer" },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Role>>>>;

type Verdict = "in" | 401 | 403 | 404;

let it: TestConsole;
/** The console's clock; it goes as it does, but where a test turns it back. */
const realNow = Date.now;
const clock = vi.spyOn(Date, "now");
/** Who has asked for what, as it was really asked: nothing of the table may be left out unnoticed. */
const walked = new Map<string, Set<string>>();
/** What somebody is called, by their session or token. */
const names = new Map<string, string>();
const signedIn = new Map<string, SignedIn>();
const tokens = new Map<string, string>();

beforeAll(async () => {
  it = await openTestConsole({
    shellApps: ["shop"],
    // Set up, so that their routes are there; nobody answers at these addresses.
    github: {
      clientId: "id",
      clientSecret: "secret",
      url: "http://127.0.0.1:1",
      apiUrl: "http://127.0.0.1:1",
    },
    oidc: { issuer: "http://127.0.0.1:1", clientId: "id", clientSecret: "secret" },
  });
  for (const [name, roles] of Object.entries(people)) {
    signedIn.set(name, await it.person(`${name.replaceAll(" ", "-")}@example.org`, roles));
  }
  signedIn.set("owner", it.owner);
  const { access } = it.services;
  const maker = await access.callerOf({ session: it.owner.session });
  if (maker.kind !== "person") throw new Error("the owner is not signed in");
  for (const role of ["viewer", "deployer", "operator", "manager"] as const) {
    const made = await access.tokens.make({ caller: maker }, { name: role, app: "shop", role });
    tokens.set(role, made.secret);
  }
  const other = await access.tokens.make(
    { caller: maker },
    { name: "elsewhere", app: "blog", role: "manager" },
  );
  tokens.set("elsewhere", other.secret);
  const late = await it.person("late@example.org", { shop: "manager" });
  const stale = await access.tokens.make({ caller: maker }, { name: "stale", app: "shop", role: "manager" });
  signedIn.set("expired", late);
  tokens.set("expired", stale.secret);
  const database = createClient({ url: pathToFileURL(join(it.directory, "access.db")).href });
  await database.execute({ sql: "UPDATE sessions SET expires_at = 1 WHERE id = ?", args: [late.sessionId] });
  await database.execute({ sql: "UPDATE tokens SET expires_at = 1 WHERE id = ?", args: [stale.token.id] });
  database.close();
  for (const [name, { session }] of signedIn) names.set(session, name);
  for (const [name, token] of tokens) names.set(token, name);
}, 120_000);
afterAll(() => it.end());

const pathOf = (route: Route): string =>
  route.path.replace(/:(\w+)/g, (_, name: string) => {
    const value = parameters[name];
    if (value === undefined)
      throw new Error(`${route.path}: the parameter "${name}" is not known to this test.`);
    return encodeURIComponent(value(it));
  });

const title = ({ method, path }: Route): string => `${method} ${path}`;

/**
 * What the guard says. What it lets in may be refused by the handler for other reasons, with other codes; a session that
 * the walk itself would end, or a person it would remove, is not asked for.
 */
async function verdict(route: Route, options: AskOptions & SocketOptions): Promise<Verdict> {
  const asked = walked.get(title(route)) ?? new Set();
  walked.set(title(route), asked.add(whoAsks(options)));
  const { status, code } =
    route.method === "SOCKET"
      ? await knock(route, options)
      : await it
          .ask(pathOf(route), {
            ...options,
            method: route.method,
            // No route takes this: whoever is let in is refused before anything happens.
            ...(route.method === "GET" ? {} : { json: { "not a member": true } }),
          })
          .then(({ status, body }) => ({ status, code: body?.error?.code }));
  if (status === 401 && code === "console.not-signed-in") return 401;
  if (status === 403 && (code === "console.forbidden" || code === "console.forged-request")) return 403;
  if (status === 404 && code === "console.not-found") return 404;
  return "in";
}

function whoAsks({ as, token }: AskOptions): string {
  if (token !== undefined) return `token: ${names.get(token)}`;
  return as === undefined ? "nobody" : `session: ${names.get(as.session)}`;
}

/** Opens a socket, with a ticket where it takes one, and closes it. */
function knock(
  route: Route,
  options: SocketOptions,
): Promise<{ readonly status: number; readonly code: string | undefined }> {
  const path = pathOf(route);
  return new Promise((resolve) => {
    const socket = it.socket(path, options);
    socket.on("open", () => {
      socket.close();
      resolve({ status: 101, code: undefined });
    });
    socket.on("unexpected-response", (_, answer) => {
      let text = "";
      answer.on("data", (chunk: Buffer) => {
        text += chunk.toString();
      });
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, code: JSON.parse(text).error.code }));
    });
  });
}

/** What the table says about a role at an app. */
function expected(action: Action, role: Role | undefined, everywhere: Role | undefined): Verdict {
  const rule = ACTIONS[action];
  if (rule.scope === "anybody" || rule.scope === "self") return "in";
  if (rule.scope === "everywhere") return reaches(everywhere, rule.role) ? "in" : 403;
  const held = reaches(everywhere, role ?? "viewer") ? everywhere : role;
  if (held === undefined) return 404;
  return reaches(held, rule.role) ? "in" : 403;
}

/** Those that would end the very session are asked by a fresh one of somebody like them. */
const endsSessions = ({ path, method }: Route): boolean =>
  method !== "GET" && (path === "/api/sign-out" || path.startsWith("/api/account/sessions"));

/** Somebody else with the same roles, known by the same name. */
async function another(name: string, roles: Readonly<Record<string, Role>>): Promise<SignedIn> {
  const made = await it.person(`${name.replaceAll(" ", "-")}-${names.size}@example.org`, roles);
  names.set(made.session, name);
  return made;
}

/** Ids that are not there: the handler itself answers 404 to who is let in. */
const handlerMayMiss = (route: Route): boolean => /:(?:id|number|name)\b/.test(route.path);

function compare(route: Route, found: Verdict, wanted: Verdict): void {
  if (wanted === "in" && handlerMayMiss(route)) expect(["in", 404]).toContain(found);
  else expect(found).toBe(wanted);
}

async function ticketFor(route: Route, options: AskOptions): Promise<SocketOptions> {
  if (route.method !== "SOCKET" || route.ticket !== true) return {};
  const { access, tickets } = it.services;
  const caller = await access.callerOf({
    ...(options.as === undefined ? {} : { session: options.as.session }),
    ...(options.token === undefined ? {} : { token: options.token }),
  });
  return { ticket: tickets.issue(caller, pathOf(route)) };
}

describe.each(routes.map((route) => [title(route), route] as const))("%s", (_, route) => {
  const rule = ACTIONS[route.action];
  const open = rule.scope === "anybody";

  test("nobody", async () => {
    expect(await verdict(route, {})).toBe(open ? "in" : 401);
    expect(await verdict(route, { as: { personId: "", sessionId: "", session: "invented" } })).toBe(
      open ? "in" : 401,
    );
    expect(await verdict(route, { token: "dpl_invented" })).toBe(open ? "in" : 401);
  });

  test.each([...Object.keys(people), "owner"])("%s", async (name) => {
    const roles: Readonly<Record<string, Role>> =
      name === "owner"
        ? { "*": "manager" }
        : (people[name as keyof typeof people] as Readonly<Record<string, Role>>);
    const as = endsSessions(route) ? await another(name, roles) : (signedIn.get(name) ?? it.owner);
    const found = await verdict(route, { as, ...(await ticketFor(route, { as })) });
    compare(route, found, expected(route.action, roles.shop, roles["*"]));
  });

  test.each(["viewer", "deployer", "operator", "manager", "elsewhere"])("a token: %s", async (name) => {
    const token = tokens.get(name) ?? "";
    const role = name === "elsewhere" ? undefined : (name as Role);
    const options = { token, ...(await ticketFor(route, { token })) };
    const found = await verdict(
      route,
      route.method === "SOCKET"
        ? { ...options, origin: null }
        : { ...options, headers: { origin: undefined, "x-deploy-console": undefined } },
    );
    if (open) return compare(route, found, "in");
    const wanted = rule.token
      ? expected(route.action, role, undefined)
      : rule.scope === "app" && role === undefined
        ? 404
        : 403;
    compare(route, found, wanted);
  });

  test("a session that was ended, and a person who was revoked", async () => {
    const { access } = it.services;
    const by = { caller: await access.callerOf({ session: it.owner.session }) };
    const one = await it.person(`gone-${routes.indexOf(route)}@example.org`, { shop: "manager" });
    await access.sessions.end(by, one.personId, one.sessionId);
    expect(await verdict(route, { as: one })).toBe(open ? "in" : 401);
    const two = await it.person(`off-${routes.indexOf(route)}@example.org`, { shop: "manager" });
    await access.people.revoke(by, two.personId);
    expect(await verdict(route, { as: two })).toBe(open ? "in" : 401);
  });

  test("a session and a token that have expired", async () => {
    const as = signedIn.get("expired") ?? it.owner;
    expect(await verdict(route, { as })).toBe(open ? "in" : 401);
    expect(await verdict(route, { token: tokens.get("expired") ?? "" })).toBe(open ? "in" : 401);
  });

  if (route.method === "SOCKET") {
    test("a forged Origin, and none", async () => {
      const options = { as: it.owner, ...(await ticketFor(route, { as: it.owner })) };
      expect(await verdict(route, { ...options, origin: "http://evil.example" })).toBe(403);
      expect(await verdict(route, { ...options, origin: null })).toBe(403);
      expect(
        await verdict(route, { token: tokens.get("manager") ?? "", origin: "http://evil.example" }),
      ).toBe(403);
    });
    // A shell needs something that runs: test/shell-console.test.ts.
    if (route.ticket !== true)
      test("what is open is closed when the session, or the right, ends", async () => {
        const { access } = it.services;
        const by = { caller: await access.callerOf({ session: it.owner.session }) };
        for (const [name, code] of [
          ["signed-out", 4401],
          ["revoked", 4403],
        ] as const) {
          const email = `open-${name}-${routes.indexOf(route)}@example.org`;
          const as = await it.person(email, { shop: "manager" });
          const socket = it.socket(pathOf(route), { as, ...(await ticketFor(route, { as })) });
          const closed = new Promise<number>((resolve) => socket.once("close", resolve));
          await new Promise((resolve) => socket.once("open", resolve));
          if (name === "signed-out") await access.sessions.end(by, as.personId, as.sessionId);
          else {
            const [grant] = await access.grants.ofPerson(as.personId);
            await access.grants.remove(by, grant?.id ?? "", "shop");
          }
          expect(await closed, name).toBe(code);
        }
      });
    test("a page that is no socket", async () => {
      expect(await it.ask(pathOf(route), { as: it.owner, headers: { origin: it.url } })).toMatchObject({
        status: 426,
      });
    });
    if (route.ticket === true) {
      test("a ticket that has expired", async () => {
        clock.mockImplementation(() => realNow() - TICKET_LIFE);
        const late = await ticketFor(route, { as: it.owner });
        clock.mockImplementation(realNow);
        expect(await verdict(route, { as: it.owner, ...late })).toBe(403);
      });
      test("no ticket, one of another session, and one that was used", async () => {
        const { ticket = "" } = await ticketFor(route, { as: it.owner });
        expect(await verdict(route, { as: it.owner })).toBe(403);
        const theirs = await ticketFor(route, { as: signedIn.get("operator") ?? it.owner });
        expect(await verdict(route, { as: it.owner, ...theirs })).toBe(403);
        expect(await verdict(route, { as: it.owner, ticket })).toBe("in");
        expect(await verdict(route, { as: it.owner, ticket })).toBe(403);
      });
    }
  } else if (route.method !== "GET") {
    test("a forged Origin, and a missing header", async () => {
      for (const headers of [
        { origin: "http://evil.example" },
        { origin: undefined },
        { "x-deploy-console": undefined },
      ]) {
        const answer = await it.ask(pathOf(route), { as: it.owner, method: route.method, json: {}, headers });
        expect(answer).toMatchObject({ status: 403, body: { error: { code: "console.forged-request" } } });
      }
      expect((await it.ask("/api/me", { as: it.owner })).status).toBe(200);
    });
  }
});

test("everything that is served was asked for, by everybody", () => {
  const { routes: mounted } = createRouter({
    services: it.services,
    routes,
    place: { origin: it.url, https: false, isOurs: () => true, isOwnOrigin: () => true },
    watch: { watch: () => () => undefined, close: () => undefined },
    files: { answer: () => undefined },
    peerOf: () => ({ address: "127.0.0.1" }),
  });
  const served = mounted.flatMap(({ method, path }) => (method === "ALL" ? [] : [`${method} ${path}`]));
  expect([...walked.keys()].map((name) => name.replace(/^SOCKET /, "GET ")).sort()).toEqual(served.sort());
  const everybody = [
    ...["nobody", "session: owner", "session: expired", "token: expired", "token: elsewhere"],
    ...Object.keys(people).map((name) => `session: ${name}`),
    ...["viewer", "deployer", "operator", "manager"].map((role) => `token: ${role}`),
  ];
  for (const [name, asked] of walked) expect([...asked], name).toEqual(expect.arrayContaining(everybody));
});

describe("the table", () => {
  const options = (table: readonly Route[]): Parameters<typeof createRouter>[0] => ({
    services: it.services,
    routes: table,
    place: { origin: it.url, https: false, isOurs: () => true, isOwnOrigin: () => true },
    watch: { watch: () => () => undefined, close: () => undefined },
    files: { answer: () => undefined },
    peerOf: () => ({ address: "127.0.0.1" }),
  });
  const handle = (): Response => new Response(null);

  test("holds every area of the console", () => {
    const areas = new Set(
      routes.map(({ path }) => path.replace(/^\/api\/apps\/:app\/(?:environments\/:environment\/)?/, "")),
    );
    for (const area of [
      "logs",
      "logs/live",
      "logs/download",
      "releases",
      "processes",
      "config",
      "domains",
      "runs",
      "/api/me",
      "/api/people",
      "/api/audit",
      "access",
      "grants",
      "/healthz",
    ]) {
      expect([...areas]).toContain(area);
    }
  });

  test("a route without an action is not mounted, and does not compile", () => {
    // @ts-expect-error: a route without an action is no route.
    const route: Route = { method: "GET", path: "/api/open", handle };
    expect(() => createRouter(options([route]))).toThrow("declares no action");
    const invented = { method: "GET", path: "/api/open", action: "toString", handle } as unknown as Route;
    expect(() => createRouter(options([invented]))).toThrow("declares no action");
  });

  test("a route about an app names it in its path", () => {
    const route: Route = { method: "GET", path: "/api/all-logs", action: "logs.read", handle };
    expect(() => createRouter(options([route]))).toThrow("has no :app");
  });

  test("no route is there twice under two names", () => {
    const one: Route = { method: "GET", path: "/api/apps/:app/x/:id", action: "app.read", handle };
    const other: Route = { method: "GET", path: "/api/apps/:app/x/:number", action: "logs.read", handle };
    expect(() => createRouter(options([one, other]))).toThrow("twice");
  });

  test("what is not in it is not there", async () => {
    for (const method of ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
      expect((await it.ask("/api/none", { as: it.owner, method })).status).toBe(404);
    }
    expect((await it.ask("/api/me", { as: it.owner, method: "HEAD" })).status).toBe(405);
  });
});
