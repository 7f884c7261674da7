import type { IncomingHttpHeaders } from "node:http";

/** What a request shows of who makes it; a token goes before a cookie. */
export interface Credentials {
  readonly session?: string;
  readonly token?: string;
}

/**
 * The name of the session's cookie.
 *
 * Over HTTPS browsers keep `__Host-` cookies from being set by other hosts of the domain; over plain HTTP on this machine
 * they do not take them at all.
 */
export function sessionCookieName(https: boolean): string {
  return https ? "__Host-deploy" : "deploy";
}

/** Reads the credentials of a request: an API token, or the session's cookie. */
export function credentialsOf(headers: IncomingHttpHeaders, https: boolean): Credentials {
  const token = /^Bearer\s+(\S+)$/i.exec(headers.authorization ?? "")?.[1];
  if (token !== undefined) return { token };
  const session = cookieOf(headers.cookie ?? "", sessionCookieName(https));
  return session === undefined ? {} : { session };
}

/** The first cookie of this name, as it was sent. */
export function cookieOf(header: string, name: string): string | undefined {
  for (const part of header.split(";")) {
    const [key, ...value] = part.split("=");
    if (key?.trim() === name) return value.join("=").trim();
  }
  return undefined;
}
