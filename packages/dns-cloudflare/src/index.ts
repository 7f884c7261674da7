/**
 * Domains on Cloudflare: records, proxying, and the state of its certificates.
 *
 * @module
 */
import { DeployError, type Dns, normaliseName, type Provider } from "@deploy/core";
import { createApi } from "./api.js";
import { createDns } from "./dns.js";
import { createEdge, type TlsMode } from "./edge.js";
import { tokenPage, tokenVariable } from "./errors.js";
import { createRedirects } from "./redirects.js";

/** What can be said about Cloudflare. */
export interface CloudflareOptions {
  /** The zones to look into. Default: all that the token is allowed for. */
  readonly zones?: readonly string[];
  /** Hosts behind Cloudflare's proxy: all, or these. Records that prove something never are. Default: none. */
  readonly proxied?: boolean | readonly string[];
  /**
   * The TLS mode to set where a host is proxied. It is the whole zone's, of hosts that are not this app's too. Default:
   * nothing is changed, and a mode that breaks a proxied host is refused.
   */
  readonly ssl?: TlsMode;
  /** Where the API is. Default `https://api.cloudflare.com/client/v4`. */
  readonly endpoint?: string;
}

/** What Cloudflare offers. */
export type CloudflareProvider = Provider & { readonly dns: Dns };

const providerName = "cloudflare";

/**
 * The provider for DNS at Cloudflare. Nothing is asked or loaded before its first call.
 *
 * @throws `cloudflare.bad-options` for a TLS mode that Deploy does not set.
 */
export function cloudflare(options: CloudflareOptions = {}): CloudflareProvider {
  const { proxied = false, ssl: mode } = options;
  if (mode !== undefined && mode !== "full" && mode !== "strict") {
    throw new DeployError({
      code: "cloudflare.bad-options",
      message: `cloudflare({ ssl: ${JSON.stringify(mode)} }) is not a mode that keeps the way to the origin encrypted.`,
      hint: "Say `full` or `strict`, or leave it out.",
    });
  }
  const hosts = new Set(typeof proxied === "boolean" ? [] : proxied.map(normaliseName));
  const isProxied = (host: string): boolean => (typeof proxied === "boolean" ? proxied : hosts.has(host));
  const api = createApi(
    options.endpoint ?? "https://api.cloudflare.com/client/v4",
    options.zones?.map(normaliseName),
  );
  const { edge, inspect, certificateGate } = createEdge(api, providerName, { mode, isProxied });
  const { redirect, owned } = createRedirects(api, () => provider, certificateGate);
  const provider: CloudflareProvider = {
    spec: 1,
    name: providerName,
    credentials: {
      token: {
        env: tokenVariable,
        label: "Cloudflare API token",
        secret: true,
        required: true,
        docs: tokenPage,
      },
    },
    // https://developers.cloudflare.com/fundamentals/api/reference/limits: 1,200 calls in five minutes.
    limits: { concurrency: 8, rate: { perSecond: 4, burst: 600 } },
    async identity(context) {
      const accounts = new Map(
        (await api.zones(context)).map(({ account }) => [account.id ?? "", account.name]),
      );
      const [[account, label] = ["", undefined]] = accounts;
      return { account, label: accounts.size > 1 ? `${accounts.size} accounts` : (label ?? account) };
    },
    owned,
    dns: { ...createDns(api, isProxied), edge, inspect, redirect },
  };
  return provider;
}
