import { createHash, randomBytes } from "node:crypto";
import type { State } from "./state.js";

/** A code is good for ten minutes. */
const codeLife = 10 * 60 * 1_000;

/** The one app that is registered. */
export interface Registration {
  readonly clientId: string;
  readonly clientSecret: string;
  redirectUri: string;
}

/** Where the browser is sent after the person has agreed, or not. */
export function authorize(
  state: State,
  registration: Registration,
  query: URLSearchParams,
  who: { readonly login: string | undefined; readonly denies: boolean; readonly now: number },
): { readonly location: string } | { readonly status: number } {
  if (query.get("client_id") !== registration.clientId) return { status: 404 };
  const redirectUri = query.get("redirect_uri") ?? registration.redirectUri;
  const back = new URL(registration.redirectUri);
  const given = query.get("state");
  const answer = (parameters: Readonly<Record<string, string>>): { location: string } => {
    for (const [name, value] of Object.entries(parameters)) back.searchParams.set(name, value);
    if (given !== null) back.searchParams.set("state", given);
    return { location: back.href };
  };
  if (redirectUri !== registration.redirectUri) {
    return answer({
      error: "redirect_uri_mismatch",
      error_description: "The redirect_uri MUST match the registered callback URL for this application.",
    });
  }
  const user = state.users.find(({ login }) => login === who.login);
  if (who.denies || user === undefined) {
    return answer({
      error: "access_denied",
      error_description: "The user has denied your application access.",
    });
  }
  const challenge = query.get("code_challenge");
  if (challenge !== null && query.get("code_challenge_method") !== "S256") {
    return answer({ error: "invalid_request" });
  }
  const code = randomBytes(10).toString("hex");
  state.codes.set(code, {
    user,
    clientId: registration.clientId,
    redirectUri,
    challenge: challenge ?? undefined,
    scopes: (query.get("scope") ?? "").split(/[\s,]+/).filter((scope) => scope !== ""),
    until: who.now + codeLife,
  });
  return answer({ code });
}

/** A token for a code, or an error; both with HTTP 200. */
export function exchange(
  state: State,
  registration: Registration,
  form: URLSearchParams,
  now: number,
): Readonly<Record<string, string>> {
  const error = (name: string, description: string): Readonly<Record<string, string>> => ({
    error: name,
    error_description: description,
    error_uri:
      "https://docs.github.com/apps/managing-oauth-apps/troubleshooting-oauth-app-access-token-request-errors/",
  });
  if (
    form.get("client_id") !== registration.clientId ||
    form.get("client_secret") !== registration.clientSecret
  ) {
    return error("incorrect_client_credentials", "The client_id and/or client_secret passed are incorrect.");
  }
  const bad = error("bad_verification_code", "The code passed is incorrect or expired.");
  const name = form.get("code") ?? "";
  const code = state.codes.get(name);
  // Good once, whatever comes of it.
  state.codes.delete(name);
  if (code === undefined || code.until <= now) return bad;
  if ((form.get("redirect_uri") ?? code.redirectUri) !== code.redirectUri) {
    return error(
      "redirect_uri_mismatch",
      "The redirect_uri MUST match the registered callback URL for this application.",
    );
  }
  if (code.challenge !== undefined) {
    const made = createHash("sha256")
      .update(form.get("code_verifier") ?? "")
      .digest("base64url");
    if (made !== code.challenge) return bad;
  }
  const token = `gho_${randomBytes(18).toString("hex")}`;
  state.tokens.set(token, { user: code.user, scopes: code.scopes });
  return { access_token: token, token_type: "bearer", scope: code.scopes.join(",") };
}
