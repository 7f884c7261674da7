import { sessionLife } from "../access/sessions.js";

/**
 * The name of the session's cookie.
 *
 * Over HTTPS browsers keep `__Host-` cookies from being set by other hosts of the domain; over plain HTTP on this machine
 * they do not take them at all.
 */
export function sessionCookieName(https: boolean): string {
  return https ? "__Host-deploy" : "deploy";
}

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

/** The first cookie of this name, as it was sent. */
export function cookieOf(header: string, name: string): string | undefined {
  for (const part of header.split(";")) {
    const [key, ...value] = part.split("=");
    if (key?.trim() === name) return value.join("=").trim();
  }
  return undefined;
}
