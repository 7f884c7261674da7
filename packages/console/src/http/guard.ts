import type { IncomingMessage } from "node:http";
import { DeployError } from "@deploy/core";
import { ACTIONS } from "../access/actions.js";
import type { AccessBook } from "../access/book.js";
import type { Caller } from "../access/types.js";
import { type Credentials, credentialsOf } from "./credentials.js";
import type { Place } from "./place.js";
import type { Route } from "./route.js";

/** A request that was let in, and what it was let in with: that is judged again while it lasts. */
export interface Admission {
  readonly caller: Caller;
  readonly credentials: Credentials;
}

/** What the guard needs of the console. */
export interface GuardOptions {
  readonly access: AccessBook;
  readonly place: Place;
}

/**
 * Decides whether a request may reach its handler.
 *
 * Whoever may not see an app is told what they would be told if there were none of this name.
 *
 * @throws `console.forged-request`, `console.not-signed-in`, `console.not-found`, `console.forbidden`.
 */
export async function admit(
  { access, place }: GuardOptions,
  route: Route,
  params: Readonly<Record<string, string>>,
  incoming: IncomingMessage,
): Promise<Admission> {
  const credentials = credentialsOf(incoming.headers, place.https);
  checkSource(route, incoming, credentials, place);
  const caller = await access.callerOf(credentials);
  await judge(access, route, params, caller);
  return { caller, credentials };
}

/** Whether what was let in would be let in again; else why not. */
export async function judgeAgain(
  access: AccessBook,
  route: Route,
  params: Readonly<Record<string, string>>,
  { credentials, caller: before }: Admission,
): Promise<"allowed" | "signed-out" | "revoked"> {
  if (ACTIONS[route.action].scope === "anybody") return "allowed";
  const caller = await access.callerOf(credentials);
  if (caller.kind === "nobody") return before.kind === "nobody" ? "revoked" : "signed-out";
  return (await isAllowed(access, route, params, caller)) ? "allowed" : "revoked";
}

/** What a page of somebody else could make a browser send with our cookie. A token is sent by nobody's browser. */
function checkSource(route: Route, { headers }: IncomingMessage, { token }: Credentials, place: Place): void {
  const { origin, host } = headers;
  const own = place.isOwnOrigin(origin, host);
  if (route.method === "SOCKET") {
    if (own || (token !== undefined && origin === undefined)) return;
    throw forged("the socket was opened by a page of another origin");
  }
  const site = headers["sec-fetch-site"];
  if (route.method === "GET") {
    if (site === "cross-site" && route.path.startsWith("/api/"))
      throw forged("it came from a page of another site");
    return;
  }
  if (token !== undefined) return;
  if (!own) throw forged("its Origin is not the one of this console");
  if (headers["x-deploy-console"] !== "1") throw forged("it lacks the header X-Deploy-Console: 1");
  if (site !== undefined && site !== "same-origin") throw forged("it came from a page of another site");
}

async function judge(
  access: AccessBook,
  route: Route,
  params: Readonly<Record<string, string>>,
  caller: Caller,
): Promise<void> {
  if (await isAllowed(access, route, params, caller)) return;
  if (caller.kind === "nobody") {
    throw new DeployError({
      code: "console.not-signed-in",
      message: "You are not signed in.",
      hint: "Sign in and try again.",
    });
  }
  const rule = ACTIONS[route.action];
  const { app } = params;
  if (rule.scope === "app" && app !== undefined && !(await access.may(caller, "app.read", app))) {
    const { environment } = params;
    throw new DeployError({
      code: "console.not-found",
      message:
        environment === undefined
          ? `There is no app "${app}" here.`
          : `There is no environment "${environment}" of ${app} here.`,
      hint: "Look at the overview for what there is.",
    });
  }
  if (caller.kind === "token" && !rule.token) {
    throw new DeployError({
      code: "console.forbidden",
      message: "This cannot be done with an API token.",
      hint: "Sign in, and do it in the browser.",
    });
  }
  throw new DeployError({
    code: "console.forbidden",
    message: `This needs the role ${rule.role}${rule.scope === "everywhere" ? " for all apps" : ""}.`,
    hint: "Ask a manager for it.",
  });
}

async function isAllowed(
  access: AccessBook,
  route: Route,
  params: Readonly<Record<string, string>>,
  caller: Caller,
): Promise<boolean> {
  const rule = ACTIONS[route.action];
  if (rule.scope === "anybody") return true;
  if (caller.kind === "nobody") return false;
  if (rule.scope === "app") {
    const { app } = params;
    return app !== undefined && access.may(caller, route.action, app);
  }
  return access.may(caller, route.action);
}

function forged(why: string): DeployError {
  return new DeployError({
    code: "console.forged-request",
    message: `The request was refused: ${why}.`,
    hint: "Use the console at its own address.",
  });
}
