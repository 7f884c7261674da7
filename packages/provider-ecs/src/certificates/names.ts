import { DeployError } from "@deploy/core";
import { shortHash } from "../names.js";

/** ACM: the first name of a certificate has 64 characters at most, the others 253 (RequestCertificate, quotas). */
const longestFirst = 64;

/** The names of one certificate. */
export interface CertificateNames {
  /** The first name; what ACM lists it under. */
  readonly first: string;
  /** All names, the first one included, sorted. */
  readonly all: readonly string[];
  /** The same for the same names, in whichever order they were declared. */
  readonly hash: string;
}

/**
 * The names that a certificate for these hosts needs: what a wildcard covers, needs none of its own.
 *
 * @throws `certificates.name-too-long` when no host is short enough to be the first one.
 */
export function certificateNames(hosts: readonly string[]): CertificateNames {
  const given = [...new Set(hosts.map((host) => host.toLowerCase()))].sort();
  const all = given.filter((host) => host.startsWith("*.") || !given.includes(wildcardOf(host)));
  const first =
    all.find((host) => !host.startsWith("*.") && host.length <= longestFirst) ??
    all.find((host) => host.length <= longestFirst);
  if (first === undefined) {
    throw new DeployError({
      code: "certificates.name-too-long",
      message: `ACM makes no certificate for ${all[0]}: its first name may have ${longestFirst} characters at most.`,
      hint: "Add a shorter host to this environment, or shorten this one.",
      docs: "https://docs.aws.amazon.com/acm/latest/userguide/acm-limits.html",
    });
  }
  return { first, all, hash: shortHash(all.join(" "), 16) };
}

/** The name that is proved for a host: a wildcard and its parent share one record. */
export function provedName(host: string): string {
  return host.startsWith("*.") ? host.slice(2) : host;
}

/** Whether two lists have the same names. */
export function isSameNames(one: readonly string[], other: readonly string[]): boolean {
  const names = new Set(one.map((name) => name.toLowerCase()));
  return names.size === new Set(other).size && other.every((name) => names.has(name));
}

function wildcardOf(host: string): string {
  return `*.${host.slice(host.indexOf(".") + 1)}`;
}
