import { refusal } from "../../access/errors.js";
import type { By } from "../../access/parts.js";
import type { Caller } from "../../access/types.js";
import { actorOf } from "../../apps/operations.js";
import type { Cause } from "../../apps/vendor-access-types.js";
import { cookieOf, sessionCookieName } from "../../sign-in/cookies.js";
import type { Visitor } from "../../sign-in/types.js";
import type { RouteRequest } from "../route.js";

/** Whether browsers reach us over HTTPS. */
export function isHttps({ services }: Pick<RouteRequest, "services">): boolean {
  return services.origin.startsWith("https:");
}

/** Where a request comes from, and the session that came along. */
export function visitorOf(request: RouteRequest): Visitor {
  const { headers } = request.request;
  const session = cookieOf(headers.get("cookie") ?? "", sessionCookieName(isHttps(request)));
  return {
    address: request.address,
    userAgent: headers.get("user-agent") ?? "",
    ...(session === undefined ? {} : { session }),
  };
}

/** Who does it, for the audit log and for what they may hand on. */
export function byOf({ caller, address }: Pick<RouteRequest, "caller" | "address">): By {
  return { caller, address };
}

/** The person behind a session: what is about oneself is no business of a token. Throws `console.forbidden`. */
export function personCaller({ caller }: Pick<RouteRequest, "caller">): Extract<Caller, { kind: "person" }> {
  if (caller.kind === "person") return caller;
  throw refusal({
    code: "console.forbidden",
    message: "This is for somebody who is signed in.",
    hint: "Sign in, and do it in the browser.",
    status: 403,
  });
}

/** A text of a body that has to be there. Throws `console.bad-request`. */
export function requiredText(value: unknown, name: string): string {
  if (typeof value === "string" && value !== "" && value.length <= 1_024) return value;
  throw refusal({
    code: "console.bad-request",
    message: `"${name}" has to be a text.`,
    hint: "Correct the request.",
    status: 400,
  });
}

/** Who causes a change at a provider, for the audit log. */
export function causeOf({ caller, address }: Pick<RouteRequest, "caller" | "address">): Cause {
  return { actor: actorOf(caller), address };
}
