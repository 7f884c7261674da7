import { createHash } from "node:crypto";
import { newSecret } from "../access/secrets.js";
import type { GitHubOptions } from "../options.js";
import { type Answer, ask, refused, unverified } from "./ask.js";
import type { PendingBox } from "./pending.js";
import { returnPath } from "./return-to.js";
import type { Fetch, ProviderWay } from "./types.js";

/** What a way to sign in by a provider is made with. */
export interface ProviderParts {
  /** Where browsers find us. */
  readonly origin: string;
  readonly pending: PendingBox;
  readonly fetch: Fetch;
}

/** Pages of 100 that are read of one list; who is in more organizations than that is looked for no further. */
const mostPages = 20;

type Fields = Readonly<Record<string, unknown>>;

/**
 * Sign-in with GitHub: the web application flow with PKCE, the primary verified address, and membership of organizations
 * or teams where the options ask for it. The token is used for this and dropped.
 *
 * Rules: https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
 */
export function createGitHub(options: GitHubOptions, { origin, pending, fetch }: ProviderParts): ProviderWay {
  const site = (options.url ?? "https://github.com").replace(/\/+$/, "");
  const api = (options.apiUrl ?? "https://api.github.com").replace(/\/+$/, "");
  const redirectUri = `${origin}/sign-in/github/return`;
  const wanted = (options.organizations ?? []).map((name) => name.toLowerCase());
  const name = "GitHub";

  const token = async (code: string, verifier: string): Promise<string> => {
    const { json } = await ask(fetch, name, `${site}/login/oauth/access_token`, {
      method: "POST",
      headers: { accept: "application/json", "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({
        client_id: options.clientId,
        client_secret: options.clientSecret,
        code,
        redirect_uri: redirectUri,
        code_verifier: verifier,
      }).toString(),
    });
    // It answers 200 with `error` for a code that is wrong, used or too old.
    const { access_token: found, token_type: type } = fields(json);
    if (typeof found !== "string" || String(type).toLowerCase() !== "bearer") throw refused(name);
    return found;
  };

  const get = (url: string, bearer: string): Promise<Answer> =>
    ask(fetch, name, url, {
      headers: {
        accept: "application/vnd.github+json",
        authorization: `Bearer ${bearer}`,
        "user-agent": "deploy-console",
        "x-github-api-version": "2022-11-28",
      },
    });

  const list = async (path: string, bearer: string): Promise<readonly Fields[]> => {
    const all: Fields[] = [];
    let url: string | undefined = `${api}${path}?per_page=100`;
    for (let page = 0; url !== undefined && page < mostPages; page += 1) {
      const { json, headers }: Answer = await get(url, bearer);
      if (!Array.isArray(json)) throw refused(name);
      all.push(...json.map(fields));
      url = nextPage(headers.get("link"), api);
    }
    return all;
  };

  const isMember = async (bearer: string): Promise<boolean> => {
    const teams = wanted.filter((one) => one.includes("/"));
    const organizations = wanted.filter((one) => !one.includes("/"));
    const [inOrganizations, inTeams] = await Promise.all([
      organizations.length === 0 ? [] : list("/user/orgs", bearer),
      teams.length === 0 ? [] : list("/user/teams", bearer),
    ]);
    return (
      inOrganizations.some(({ login }) => organizations.includes(String(login).toLowerCase())) ||
      inTeams.some(({ slug, organization }) =>
        teams.includes(`${String(fields(organization).login)}/${String(slug)}`.toLowerCase()),
      )
    );
  };

  return {
    name,
    start: async (returnTo) => {
      const state = newSecret();
      const verifier = newSecret();
      const url = new URL(`${site}/login/oauth/authorize`);
      url.search = new URLSearchParams({
        client_id: options.clientId,
        redirect_uri: redirectUri,
        scope: wanted.length === 0 ? "user:email" : "user:email read:org",
        state,
        code_challenge: createHash("sha256").update(verifier).digest("base64url"),
        code_challenge_method: "S256",
        allow_signup: "false",
      }).toString();
      const cookie = pending.seal({
        way: "github",
        state,
        verifier,
        returnTo: returnPath(returnTo, origin),
      });
      return { url: url.href, cookie };
    },
    finish: async (query, cookies) => {
      const { verifier, returnTo } = pending.open("github", query.get("state"), cookies);
      const code = query.get("code");
      if (query.has("error") || code === null) throw refused(name);
      const bearer = await token(code, verifier);
      const [user, emails, allowed] = await Promise.all([
        get(`${api}/user`, bearer).then(({ json }) => fields(json)),
        list("/user/emails", bearer),
        isMember(bearer),
      ]);
      if (!Number.isSafeInteger(user.id)) throw refused(name);
      const primary = emails.find((one) => one.primary === true && one.verified === true);
      if (typeof primary?.email !== "string") throw unverified(name);
      return {
        returnTo,
        identity: {
          way: "github",
          issuer: site,
          subject: String(user.id),
          email: primary.email,
          allowed,
          ...(typeof user.name === "string" && user.name !== "" ? { name: user.name } : {}),
        },
      };
    },
  };
}

function fields(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}

/** Where the list goes on, as the header `Link` says; never at another host, which would be given the token. */
function nextPage(link: string | null, api: string): string | undefined {
  const url = /<([^>]+)>;\s*rel="next"/.exec(link ?? "")?.[1];
  if (url === undefined || !URL.canParse(url) || new URL(url).origin !== new URL(api).origin)
    return undefined;
  return url;
}
