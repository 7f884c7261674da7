import type { IncomingMessage, ServerResponse } from "node:http";
import { DeployError } from "@deploy/core";
import { type Context, Hono } from "hono";
import { ACTIONS } from "../access/actions.js";
import type { Services } from "../services.js";
import type { Peer } from "./address.js";
import { checkDeclaredLength, DEFAULT_MAX_BODY, readJson } from "./body.js";
import { errorAnswer } from "./errors.js";
import { type Admission, admit } from "./guard.js";
import { secureHeaders } from "./headers.js";
import type { Place } from "./place.js";
import type { RightsWatch } from "./rights-watch.js";
import type { Route, RouteRequest } from "./route.js";
import type { StaticFiles } from "./static.js";

/** What comes with a request beside itself. */
export interface RequestBindings {
  readonly incoming: IncomingMessage;
  /** Absent: the client asks for a socket. */
  readonly outgoing?: ServerResponse;
  /** Present: the client asks for a socket. Answers with why it got none, or undefined. */
  readonly upgrade?: (opened: OpenedSocket) => void;
}

/** A socket that was let in. */
export interface OpenedSocket {
  readonly route: Extract<Route, { readonly method: "SOCKET" }>;
  readonly admission: Admission;
  readonly params: Readonly<Record<string, string>>;
  readonly url: URL;
  readonly address: string;
}

/** What a router is made of. */
export interface RouterOptions {
  readonly services: Services;
  readonly routes: readonly Route[];
  readonly place: Place;
  readonly watch: RightsWatch;
  readonly files: StaticFiles;
  readonly peerOf: (request: IncomingMessage) => Peer;
}

type App = Hono<{ Bindings: RequestBindings }>;
type AppContext = Context<{ Bindings: RequestBindings }>;

/**
 * Everything that is answered: the routes of the table, each behind the guard, and the static files.
 *
 * @throws Error for a table with a route that has no action, one twice, or an action of an app without `:app`.
 */
export function createRouter(options: RouterOptions): App {
  checkTable(options.routes);
  const { place } = options;
  const app: App = new Hono();
  app.use(async (context, next) => {
    await next();
    context.res = secureHeaders(context.res, { https: place.https });
  });
  app.use(async (context, next) => {
    checkPlaceOf(context, options);
    await next();
  });
  for (const route of [...options.routes].sort(bySpecificity)) {
    app.on(route.method === "SOCKET" ? "GET" : route.method, route.path, (context) =>
      answer(options, route, context),
    );
  }
  app.notFound((context) => notInTable(options, context));
  app.onError((thrown, { req }) => {
    if (!DeployError.is(thrown))
      options.services.options.onFailure?.(thrown, `${req.method} ${req.routePath}`);
    return errorAnswer(thrown);
  });
  return app;
}

/** A name that was bound to our address, and plain HTTP in front of a proxy that has a certificate. */
function checkPlaceOf({ env, req }: AppContext, { place, peerOf }: RouterOptions): void {
  // Whatever watches over the service asks by its address, and is told nothing.
  if (req.path === "/healthz") return;
  if (!place.isOurs(env.incoming.headers.host)) {
    throw new DeployError({
      code: "console.wrong-host",
      message: "The console does not answer to this name.",
      hint: `Use ${place.origin}.`,
    });
  }
  if (place.https && peerOf(env.incoming).protocol === "http") {
    throw new DeployError({
      code: "console.forbidden",
      message: "The console is not served over plain HTTP.",
      hint: `Use ${place.origin}.`,
    });
  }
}

async function answer(options: RouterOptions, route: Route, context: AppContext): Promise<Response> {
  const { env, req } = context;
  const params = req.param() as Readonly<Record<string, string>>;
  const { address } = options.peerOf(env.incoming);
  if (req.raw.method === "HEAD") throw badMethod();
  if (route.method === "SOCKET") {
    const admission = await admit(
      { access: options.services.access, place: options.place },
      route,
      params,
      env.incoming,
    );
    if (env.upgrade === undefined) {
      throw new DeployError({
        code: "console.upgrade-required",
        message: "This is a WebSocket.",
        hint: "Open it as one.",
      });
    }
    const url = new URL(req.url);
    const { caller } = admission;
    route.check?.({ request: env.incoming, url, params, caller, address, services: options.services });
    checkTicket(options, route, admission, context);
    env.upgrade({ route, admission, params, url, address });
    return new Response(null);
  }
  if (env.upgrade !== undefined) throw badMethod();
  const most = route.maxBody ?? DEFAULT_MAX_BODY;
  checkDeclaredLength(req.raw, most);
  const admission = await admit(
    { access: options.services.access, place: options.place },
    route,
    params,
    env.incoming,
  );
  const lasting = lastingSignal(options, route, params, admission, env);
  const request: RouteRequest = {
    request: req.raw,
    url: new URL(req.url),
    params,
    caller: admission.caller,
    address,
    services: options.services,
    get signal() {
      return lasting.signal();
    },
    json: () => readJson(req.raw, most),
  };
  const answered = await route.handle(request);
  return lasting.used() ? breakOnFailure(answered, env) : answered;
}

/** A stream that fails breaks the connection: that is how it is told from one that has come to its end. */
function breakOnFailure(answered: Response, { outgoing }: RequestBindings): Response {
  const reader = answered.body?.getReader();
  if (reader === undefined) return answered;
  const body = new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        try {
          const { done, value } = await reader.read();
          if (done) controller.close();
          else controller.enqueue(value);
        } catch {
          outgoing?.destroy();
          controller.close();
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
  return new Response(body, answered);
}

/** A signal for as long as the answer flows; rights are watched only where somebody looks at it. */
function lastingSignal(
  { watch }: RouterOptions,
  route: Route,
  params: Readonly<Record<string, string>>,
  admission: Admission,
  { outgoing }: RequestBindings,
): { signal(): AbortSignal; used(): boolean } {
  let controller: AbortController | undefined;
  return {
    used: () => controller !== undefined,
    signal: () => {
      if (controller !== undefined) return controller.signal;
      const made = new AbortController();
      controller = made;
      const stop = watch.watch(route, params, admission, (reason) => {
        made.abort(new DOMException(reason, "AbortError"));
        outgoing?.destroy();
      });
      outgoing?.once("close", () => {
        stop();
        made.abort(new DOMException("The client has gone away.", "AbortError"));
      });
      return made.signal;
    },
  };
}

function checkTicket(
  { services }: RouterOptions,
  route: Extract<Route, { readonly method: "SOCKET" }>,
  { caller }: Admission,
  { env, req }: AppContext,
): void {
  if (route.ticket !== true) return;
  const offered = (env.incoming.headers["sec-websocket-protocol"] ?? "").split(",").map((one) => one.trim());
  const ticket = offered.find((one) => one.startsWith("ticket."))?.slice("ticket.".length);
  if (ticket !== undefined && services.tickets.redeem(ticket, caller, new URL(req.url).pathname)) return;
  throw new DeployError({
    code: "console.forbidden",
    message: "The ticket for this has expired, was used, or is missing.",
    hint: "Open it again.",
  });
}

async function notInTable({ files }: RouterOptions, { req, env }: AppContext): Promise<Response> {
  const method = req.raw.method;
  const isApi = req.path === "/api" || req.path.startsWith("/api/");
  if (!isApi && (method === "GET" || method === "HEAD") && env.upgrade === undefined) {
    const file = files.answer(req.raw, req.path);
    if (file !== undefined) return file;
  }
  return errorAnswer(
    new DeployError({
      code: "console.not-found",
      message: "There is nothing here.",
      hint: "Look at the overview for what there is.",
    }),
  );
}

function badMethod(): DeployError {
  return new DeployError({
    code: "console.bad-method",
    message: "This cannot be asked in this way.",
    hint: "Correct the request.",
  });
}

/** Refuses what would be open to everybody, or to the wrong ones, by mistake. */
function checkTable(routes: readonly Route[]): void {
  const seen = new Set<string>();
  for (const { method, path, action } of routes) {
    const name = `${method} ${path}`;
    const rule = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined;
    if (rule === undefined) throw new Error(`The route ${name} declares no action.`);
    if (rule.scope === "app" && !path.split("/").includes(":app")) {
      throw new Error(`The route ${name} is about an app, but has no :app in its path.`);
    }
    const shape = `${method === "SOCKET" ? "GET" : method} ${path.replace(/:\w+/g, ":")}`;
    if (seen.has(shape)) throw new Error(`The route ${name} is there twice.`);
    seen.add(shape);
  }
}

/** Where two paths fit, the one that names more comes first. */
function bySpecificity(one: Route, other: Route): number {
  const shape = ({ path }: Route): string =>
    path
      .split("/")
      .map((part) => (part.startsWith(":") ? "1" : "0"))
      .join("");
  return shape(one) < shape(other) ? -1 : shape(one) > shape(other) ? 1 : 0;
}
