import { DeployError } from "@deploy/core";
import type { Configuration } from "openid-client";
import type { OidcOptions } from "../options.js";
import { providerTimeout, refused, unreachable, unverified } from "./ask.js";
import type { ProviderParts } from "./github.js";
import { returnPath } from "./return-to.js";
import type { ProviderWay } from "./types.js";

/** After a discovery that failed, the issuer is left alone for so long, milliseconds. */
const restAfterFailure = 5_000;

/**
 * Sign-in with an OpenID Connect issuer: the code flow with PKCE, state and nonce; the issuer, the audience and the
 * signature are checked by openid-client. Whose address the issuer has not verified is turned away.
 *
 * The issuer is asked for its metadata when somebody signs in, not at the start: one that is away keeps nobody from the
 * other ways. Throws `console.bad-option` for an issuer that is no HTTPS URL.
 */
export function createOidc(
  options: OidcOptions,
  { origin, pending, fetch, now }: ProviderParts & { now(): number },
): ProviderWay {
  const issuer = issuerOf(options.issuer);
  const name = options.name ?? issuer.host;
  const domains = (options.emailDomains ?? []).map((domain) => domain.toLowerCase().replace(/^@/, ""));
  const redirectUri = `${origin}/sign-in/oidc/return`;
  let known: Configuration | undefined;
  let restUntil = 0;

  const configuration = async (): Promise<Configuration> => {
    if (known !== undefined) return known;
    if (now() < restUntil) throw unreachable(name);
    const client = await import("openid-client");
    try {
      known = await client.discovery(issuer, options.clientId, options.clientSecret, undefined, {
        timeout: providerTimeout / 1_000,
        [client.customFetch]: (url, init) => fetch(url, init as RequestInit),
        execute: issuer.protocol === "http:" ? [client.allowInsecureRequests] : [],
      });
      return known;
    } catch (cause) {
      restUntil = now() + restAfterFailure;
      throw unreachable(name, cause);
    }
  };

  return {
    name,
    start: async (returnTo) => {
      const client = await import("openid-client");
      const found = await configuration();
      const verifier = client.randomPKCECodeVerifier();
      const state = client.randomState();
      const nonce = client.randomNonce();
      const url = client.buildAuthorizationUrl(found, {
        redirect_uri: redirectUri,
        scope: "openid email profile",
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: "S256",
        state,
        nonce,
      });
      const cookie = pending.seal({
        way: "oidc",
        state,
        verifier,
        nonce,
        returnTo: returnPath(returnTo, origin),
      });
      return { url: url.href, cookie };
    },
    finish: async (query, cookies) => {
      const { state, verifier, nonce = "", returnTo } = pending.open("oidc", query.get("state"), cookies);
      const found = await configuration();
      const client = await import("openid-client");
      const back = new URL(redirectUri);
      back.search = query.toString();
      const claims = await (async () => {
        try {
          const tokens = await client.authorizationCodeGrant(found, back, {
            pkceCodeVerifier: verifier,
            expectedState: state,
            expectedNonce: nonce,
            idTokenExpected: true,
          });
          const own = tokens.claims();
          if (own === undefined) throw new Error("the issuer has sent no ID token");
          if (own.email !== undefined) return own;
          // Issuers may keep the address out of the ID token; then it is asked for, of the same person.
          const more = await client.fetchUserInfo(found, tokens.access_token, own.sub);
          return { ...own, ...more };
        } catch (cause) {
          throw isNetworkFailure(cause) ? unreachable(name, cause) : refused(name, cause);
        }
      })();
      // The word "true" is not enough: the standard has a boolean here.
      if (typeof claims.email !== "string" || claims.email_verified !== true) throw unverified(name);
      const domain = claims.email.slice(claims.email.lastIndexOf("@") + 1).toLowerCase();
      return {
        returnTo,
        identity: {
          way: "oidc",
          issuer: found.serverMetadata().issuer,
          subject: claims.sub,
          email: claims.email,
          allowed: domains.includes(domain),
          ...(typeof claims.name === "string" && claims.name !== "" ? { name: claims.name } : {}),
        },
      };
    },
  };
}

function issuerOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const local = url !== undefined && /^(?:localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname);
  if (url !== undefined && (url.protocol === "https:" || (url.protocol === "http:" && local))) return url;
  throw new DeployError({
    code: "console.bad-option",
    message: "The issuer of OpenID Connect has to be an HTTPS address.",
    hint: "Write it like https://accounts.example.org; plain HTTP is for an issuer on this machine.",
  });
}

/** Whether the way to the issuer failed, rather than the proof. */
function isNetworkFailure(error: unknown): boolean {
  const { name, cause, status } = error as {
    readonly name?: string;
    readonly cause?: unknown;
    readonly status?: unknown;
  };
  if (typeof status === "number" && status >= 500) return true;
  if (name === "TimeoutError" || name === "AbortError" || (name === "TypeError" && cause !== undefined))
    return true;
  if (cause instanceof Response) return cause.status >= 500;
  return cause !== undefined && cause !== error && typeof cause === "object" && cause !== null
    ? isNetworkFailure(cause)
    : false;
}
