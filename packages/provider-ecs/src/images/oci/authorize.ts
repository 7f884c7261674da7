import { DeployError, type Redacted, reveal } from "@deploy/core";
import { exchange, type RegistryContext } from "./exchange.js";

/** Who asks a registry; absent: anybody. */
export interface RegistryCredentials {
  readonly username: string;
  readonly password: Redacted;
}

/** A challenge of a registry, as `WWW-Authenticate` has it. */
export interface Challenge {
  /** Lower case: `basic`, `bearer`. */
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** Reads a challenge; undefined when it is none. */
function parseChallenge(header: string): Challenge | undefined {
  const scheme = /^\s*([A-Za-z]+)(?:\s+|$)/.exec(header)?.[1]?.toLowerCase();
  if (scheme === undefined) return undefined;
  const pairs = header.matchAll(/([a-z_]+)\s*=\s*(?:"([^"]*)"|([^\s,]+))/gi);
  const parameters = Object.fromEntries(
    [...pairs].map(([, key, quoted, plain]) => [key!, quoted ?? plain ?? ""]),
  );
  return { scheme, parameters };
}

/** The header that carries credentials as they are. */
export function basic(credentials: RegistryCredentials): string {
  return `Basic ${Buffer.from(`${credentials.username}:${reveal(credentials.password)}`).toString("base64")}`;
}

/**
 * Answers a registry's challenge: with the credentials, or with a token fetched for these scopes (Docker's token
 * specification, which registries share).
 *
 * @throws `images.unauthenticated`, `images.bad-answer`.
 */
export async function authorize(
  context: RegistryContext,
  host: string,
  header: string | null,
  scopes: readonly string[],
  credentials: RegistryCredentials | undefined,
): Promise<string> {
  const challenge = header === null ? undefined : parseChallenge(header);
  if (challenge?.scheme === "basic" && credentials !== undefined) return basic(credentials);
  const { realm, service } = challenge?.parameters ?? {};
  if (challenge?.scheme !== "bearer" || realm === undefined || !URL.canParse(realm)) {
    throw unauthenticated(host, credentials !== undefined);
  }
  const url = new URL(realm);
  if (url.protocol !== "https:" && !isLoopback(url.hostname)) {
    // A password must not go where anybody can read it, whatever the registry says.
    throw badAnswer(host, "a place for tokens without TLS");
  }
  if (service !== undefined) url.searchParams.set("service", service);
  for (const scope of scopes) url.searchParams.append("scope", scope);
  const headers = credentials === undefined ? {} : { authorization: basic(credentials) };
  const answer = await exchange(context, url, { headers });
  if (answer.status === 401 || answer.status === 404) throw unauthenticated(host, credentials !== undefined);
  const body = (await answer.json().catch(() => undefined)) as
    | { readonly token?: unknown; readonly access_token?: unknown }
    | undefined;
  const token = body?.token ?? body?.access_token;
  if (typeof token !== "string" || token === "") throw badAnswer(host, "no token");
  return `Bearer ${token}`;
}

/** The registry does not know who asks, or does not let them in. */
export function unauthenticated(host: string, hadCredentials: boolean): DeployError {
  return new DeployError({
    code: "images.unauthenticated",
    message: hadCredentials
      ? `The registry ${host} does not accept these credentials.`
      : `The registry ${host} wants credentials, and none are set.`,
    hint: "Look at the variables of the registry's credentials; an access token may have expired.",
    details: { host },
  });
}

/** The registry's answer cannot be used. */
export function badAnswer(host: string, what: string): DeployError {
  return new DeployError({
    code: "images.bad-answer",
    message: `The registry ${host} answered with ${what}.`,
    hint: "Look whether a proxy stands in between; else run the same again.",
    retryable: true,
    details: { host },
  });
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\./.test(hostname);
}
