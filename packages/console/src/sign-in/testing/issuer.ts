import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import Provider from "oidc-provider";

/** What the issuer says of somebody. */
export interface Account {
  readonly email?: string;
  readonly email_verified?: boolean | string;
  readonly name?: string;
}

/** A real issuer on the loopback interface, where everybody agrees at once. */
export interface Issuer {
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** By subject. */
  readonly accounts: Record<string, Account>;
  /** Whoever the browser is there. */
  signedInAs: string;
  /** Stands in front of every request; true: it has answered. */
  intercept: ((...of: Parameters<RequestListener>) => boolean) | undefined;
  close(): Promise<void>;
}

/** Starts npm's oidc-provider with one client. */
export async function startIssuer(redirectUri: string): Promise<Issuer> {
  let handle: RequestListener = () => undefined;
  const server = createServer((request, response) => {
    if (issuer.intercept?.(request, response) !== true) handle(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const issuer: Issuer = {
    url,
    clientId: "console",
    clientSecret: "a-secret-of-this-test-and-no-other",
    accounts: {},
    signedInAs: "",
    intercept: undefined,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  const provider = new Provider(url, {
    clients: [
      {
        client_id: issuer.clientId,
        client_secret: issuer.clientSecret,
        redirect_uris: [redirectUri],
        token_endpoint_auth_method: "client_secret_post",
      },
    ],
    pkce: { required: () => true },
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    findAccount: (_context: unknown, id: string) => ({
      accountId: id,
      claims: async () => ({ sub: id, ...issuer.accounts[id] }),
    }),
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_context: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
    cookies: { keys: ["of this test"] },
  });
  const callback = provider.callback();
  handle = (request, response) => {
    if (request.url?.startsWith("/interaction/") !== true) {
      callback(request, response);
      return;
    }
    void (async () => {
      const { prompt, session, params } = await provider.interactionDetails(request, response);
      if (prompt.name === "login") {
        const login = { accountId: issuer.signedInAs };
        return provider.interactionFinished(request, response, { login });
      }
      const grant = new provider.Grant({
        accountId: session?.accountId ?? "",
        clientId: params.client_id,
      });
      grant.addOIDCScope("openid email profile");
      return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } });
    })().catch(() => response.destroy());
  };
  return issuer;
}

/** Follows redirects as a browser with cookies does, until one leads to `origin`: there it stops. */
export async function browseUntil(start: string, origin: string): Promise<URL> {
  const cookies = new Map<string, string>();
  let url = new URL(start);
  for (let step = 0; step < 20; step += 1) {
    if (url.origin === origin) return url;
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const answer = await fetch(url, { redirect: "manual", headers: { cookie } });
    for (const one of answer.headers.getSetCookie()) {
      const [name = "", ...value] = (one.split(";", 1)[0] ?? "").split("=");
      cookies.set(name, value.join("="));
    }
    const location = answer.headers.get("location");
    if (location === null) throw new Error(`${url.href} answered ${answer.status}: ${await answer.text()}`);
    url = new URL(location, url);
  }
  throw new Error("redirected for ever");
}
