import { sessionLife } from "../access/sessions.js";
import { sessionCookieName } from "../http/credentials.js";

/** The cookie that signs a browser in. No script reads it, and no page of another site makes a browser send it. */
export function sessionCookie(secret: string, https: boolean): string {
  return cookie(sessionCookieName(https), secret, {
    https,
    seconds: sessionLife / 1_000,
    sameSite: "Strict",
  });
}

/** Makes a browser forget the session. */
export function clearedSessionCookie(https: boolean): string {
  return cookie(sessionCookieName(https), "", { https, seconds: 0, sameSite: "Strict" });
}

/** The name of the cookie that is with a browser while it is at a provider. */
export function pendingCookieName(https: boolean): string {
  return https ? "__Host-deploy-return" : "deploy-return";
}

/** That cookie: it has to come along when the provider sends the browser back, hence Lax. */
export function pendingCookie(value: string, https: boolean, seconds: number): string {
  return cookie(pendingCookieName(https), value, { https, seconds, sameSite: "Lax" });
}

function cookie(
  name: string,
  value: string,
  options: { readonly https: boolean; readonly seconds: number; readonly sameSite: "Strict" | "Lax" },
): string {
  const secure = options.https ? "; Secure" : "";
  return `${name}=${value}; Path=/; Max-Age=${options.seconds}; HttpOnly; SameSite=${options.sameSite}${secure}`;
}
