import { X509Certificate } from "node:crypto";
import type { CertificateStatus, Context, Scope } from "@deploy/core";
import type { HerokuDomain, HerokuSniEndpoint } from "./api-types.js";
import { ownHosts } from "./domains.js";
import { readDomains, readOurMarker, readSniEndpoints } from "./reads.js";
import { certificateName } from "./sni-endpoints.js";
import type { Surroundings } from "./surroundings.js";

/**
 * The certificates that an app of ours serves its domains with, and those that Heroku is still to issue: by the API's
 * `acm_status` and `acm_status_reason` of each domain, and the expiry of each SNI endpoint.
 */
export async function certificateStatus(
  own: Surroundings,
  context: Context,
  scope: Scope,
): Promise<readonly CertificateStatus[]> {
  const [domains = [], endpoints = [], marker] = await Promise.all([
    readDomains(own, context, scope),
    readSniEndpoints(own, context, scope),
    readOurMarker(own, context, scope),
  ]);
  if (marker === undefined) return [];
  const hosts = ownHosts(domains, marker);
  const served = endpoints.flatMap((endpoint) => {
    const its = hosts.filter(({ sni_endpoint: one }) => one?.id === endpoint.id);
    return its.length === 0 ? [] : [ofEndpoint(endpoint, its, context.clock.now())];
  });
  const known = new Set(endpoints.map(({ id }) => id));
  const rest = hosts.filter((one) => one.acm_status !== null && !known.has(one.sni_endpoint?.id ?? ""));
  return [...served, ...rest.map(ofDomain)];
}

const automatic = {
  issuer: "Let's Encrypt",
  // "Renewed one month before it expires": devcenter.heroku.com/articles/automated-certificate-management.
  renewal: "Heroku renews it a month before it ends, as long as the host leads to Heroku",
} as const;

function ofEndpoint(
  endpoint: HerokuSniEndpoint,
  domains: readonly HerokuDomain[],
  now: number,
): CertificateStatus {
  const { expires_at: expires } = endpoint.ssl_cert;
  const isOver = expires !== undefined && Date.parse(expires) <= now;
  const failing = domains.map(problemOf).filter((problem) => problem !== undefined);
  const problems = isOver ? [`it ended at ${expires}`, ...failing] : failing;
  const isOwn = certificateName(endpoint) !== undefined;
  return {
    hosts: domains.map(({ hostname }) => hostname),
    ...(isOwn
      ? {
          issuer: issuerOf(endpoint.certificate_chain),
          renewal: 'not by Heroku: put the new one into the file that "certificate.chain" names, and deploy',
        }
      : automatic),
    state: isOver ? "failed" : "issued",
    ...(expires === undefined ? {} : { expires: new Date(expires).toISOString() }),
    ...(problems.length === 0 ? {} : { problem: problems.join("; ") }),
  };
}

/** A domain that Heroku names no endpoint of: its certificate is on its way, or Heroku does not show it. */
function ofDomain(domain: HerokuDomain): CertificateStatus {
  const { hostname, acm_status: status, acm_status_reason: reason } = domain;
  const problem = problemOf(domain) ?? (status === "cert issued" ? undefined : (reason ?? undefined));
  return {
    hosts: [hostname],
    ...automatic,
    state: status === "cert issued" ? "issued" : status === "failed" ? "failed" : "pending",
    ...(problem === undefined ? {} : { problem }),
  };
}

function problemOf({
  hostname,
  cname,
  acm_status: status,
  acm_status_reason: reason,
  updated_at: since,
}: HerokuDomain): string | undefined {
  if (status !== "failing" && status !== "failed") return undefined;
  const where = cname === null ? "" : `; its DNS has to point to ${cname}`;
  return `${hostname}: ${reason ?? `Heroku says "${status}", and gives no reason`} (since ${since}${where})`;
}

/** Who signed the first certificate of a chain, by the organisation or else the name that it states. */
function issuerOf(chain: string): string {
  try {
    const { issuer } = new X509Certificate(chain);
    return /^O=(.+)$/m.exec(issuer)?.[1] ?? /^CN=(.+)$/m.exec(issuer)?.[1] ?? issuer;
  } catch {
    return "unknown";
  }
}
