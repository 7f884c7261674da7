import type { IncomingHttpHeaders } from "node:http";
import { cookieOf, sessionCookieName } from "../sign-in/cookies.js";

/** What a request shows of who makes it; a token goes before a cookie. */
export interface Credentials {
  readonly session?: string;
  readonly token?: string;
}

/** Reads the credentials of a request: an API token, or the session's cookie. */
export function credentialsOf(headers: IncomingHttpHeaders, https: boolean): Credentials {
  const token = /^Bearer\s+(\S+)$/i.exec(headers.authorization ?? "")?.[1];
  if (token !== undefined) return { token };
  const session = cookieOf(headers.cookie ?? "", sessionCookieName(https));
  return session === undefined ? {} : { session };
}
