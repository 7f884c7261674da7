import {
  type AnyResource,
  type Certificate,
  type Certificates,
  type Context,
  DeployError,
  output,
  type Resource,
  type Scope,
} from "@deploy/core";
import { path } from "./api.js";
import type { HerokuApp, HerokuDomain } from "./api-types.js";
import { certificateStatus } from "./certificate-status.js";
import { domainResource } from "./domains.js";
import { hasCode, unlessMissing } from "./errors.js";
import { idOf, providerName } from "./names.js";
import { isOurs, readMarker } from "./ownership.js";
import { readApp, readConfigVars, readDomains } from "./reads.js";
import { appResource } from "./servers.js";
import { ownCertificate, sniResource } from "./sni-endpoints.js";
import { appOf, type Surroundings } from "./surroundings.js";

/** The kinds of certificate that a Heroku app terminates with. */
export const certificateKinds: readonly ["heroku-acm", "heroku-sni"] = ["heroku-acm", "heroku-sni"];

/** Heroku's page about its certificates. */
const docs = "https://devcenter.heroku.com/articles/automated-certificate-management";

/** Milliseconds after which waiting for a certificate ends: before the step itself does, whose error knows no reason. */
const longestWait = 25 * 60_000;

/** The reads of all domains are one call: twelve a minute are far below what an account may make. */
const pollEvery = 5_000;

/** Element six, third part: Heroku's automated certificates, or one of your own. */
export function createCertificates(own: Surroundings): Certificates {
  const { certificate: options } = own.options;
  if (options !== undefined) {
    return {
      capabilities: { kind: "heroku-sni", wildcards: true, proof: "none" },
      status: (context, scope) => certificateStatus(own, context, scope),
      certificate(scope, hosts) {
        const uploaded = sniResource(own, scope, options);
        own.certified.set(appOf(own, scope), hosts);
        const domains = hosts.map((host) =>
          domainResource(own, scope, host, ownCertificate, [uploaded as AnyResource]),
        ) as readonly AnyResource[];
        return {
          kind: "heroku-sni",
          resources: [uploaded as AnyResource, ...domains],
          reference: output(uploaded, (observed) => observed.id),
          issued: uploadedGate(own, scope, uploaded as AnyResource),
        };
      },
    };
  }
  return {
    capabilities: {
      kind: "heroku-acm",
      wildcards: { no: "Heroku's automated certificates are for single hosts", link: docs },
      // Heroku sees the host point to it and then answers the challenge itself: the record of the host is the proof.
      proof: "http",
      // "If your domain has a CAA record, it has to name letsencrypt.org": the page above.
      caaIdentities: ["letsencrypt.org"],
    },
    status: (context, scope) => certificateStatus(own, context, scope),
    certificate: (scope, hosts) => acmCertificate(own, scope, hosts),
  };
}

function acmCertificate(own: Surroundings, scope: Scope, hosts: readonly string[]): Certificate {
  const wildcard = hosts.find((host) => host.startsWith("*."));
  if (wildcard !== undefined) throw wildcardRefused(wildcard);
  const acm = acmResource(own, scope, []);
  own.certified.set(appOf(own, scope), hosts);
  const domains = hosts.map((host) =>
    domainResource(own, scope, host, null, [acm as AnyResource]),
  ) as readonly AnyResource[];
  return {
    kind: "heroku-acm",
    resources: [acm as AnyResource, ...domains],
    reference: output(acm, () => "heroku-acm"),
    issued: issuedGate(own, scope, hosts, domains) as AnyResource,
  };
}

/**
 * Automated certificates, switched on. Before the domains are added, because it changes what their DNS has to point to;
 * in a whole plan after the dynos, because Heroku has it for paid dynos only.
 */
export function acmResource(
  own: Surroundings,
  scope: Scope,
  after: readonly AnyResource[],
): Resource<{ readonly enabled: true }, { readonly enabled: boolean }> {
  const app = appOf(own, scope);
  const enable = async (context: Context): Promise<{ readonly enabled: boolean }> => {
    await own.api.post<HerokuApp>(context, path`/apps/${app}/acm`, {}).catch((error: unknown) => {
      throw needsPaidDynos(error) ? paidDynosNeeded(app, error) : error;
    });
    return { enabled: true };
  };
  return {
    id: acmId(own, scope),
    label: "automated certificates",
    provider: providerName,
    element: "certificates",
    desired: { enabled: true },
    verb: "switch on",
    after: [appResource(own, scope) as AnyResource, ...after],
    async read(context) {
      const [found, vars] = await Promise.all([
        readApp(own, context, scope),
        readConfigVars(own, context, scope),
      ]);
      return found?.acm === true && isOurs(readMarker(vars), scope) ? { enabled: true } : undefined;
    },
    create: enable,
    update: enable,
  };
}

/** Id of the resource of automated certificates. */
export function acmId(own: Pick<Surroundings, "options">, scope: Scope): string {
  return idOf("certificates", appOf(own, scope), "acm");
}

/** Switches automated certificates off; fine when they are off, or the app is gone. */
export async function switchAcmOff(own: Surroundings, context: Context, scope: Scope): Promise<void> {
  await unlessMissing(own.api.delete(context, path`/apps/${appOf(own, scope)}/acm`));
}

/** One host on its way to a certificate. */
interface HostStatus {
  readonly host: string;
  readonly status: string | null;
  readonly reason: string | null;
  readonly target: string | null;
}

interface Issuing {
  readonly hosts: readonly HostStatus[];
  readonly waitedMs: number;
}

/** Opens once every host has its certificate; says of each what it is waiting for. */
function issuedGate(
  own: Surroundings,
  scope: Scope,
  hosts: readonly string[],
  domains: readonly AnyResource[],
): Resource<{ readonly hosts: readonly string[] }, Issuing> {
  let since: number | undefined;
  return {
    id: idOf("certificates", appOf(own, scope), "issued"),
    label: `certificates of ${hosts.join(", ")}`,
    provider: providerName,
    element: "certificates",
    desired: { hosts },
    after: domains,
    pollEvery,
    async read(context) {
      const found = await readDomains(own, context, scope);
      const present = hosts.flatMap((host) => found?.filter((domain) => domain.hostname === host) ?? []);
      if (present.length < hosts.length) return undefined;
      since ??= context.clock.now();
      return { hosts: present.map(statusOf), waitedMs: context.clock.now() - since };
    },
    diff: () => [],
    pending({ hosts: present, waitedMs }) {
      const failed = present.find(({ status }) => status === "failed");
      if (failed !== undefined) throw certificateFailed(failed);
      const waiting = present.filter(({ status }) => status !== "cert issued");
      if (waiting.length === 0) return undefined;
      if (waitedMs > longestWait) throw certificateLate(waiting, waitedMs);
      return waiting.map(describe).join("; ");
    },
  };
}

function uploadedGate(own: Surroundings, scope: Scope, uploaded: AnyResource): AnyResource {
  const gate: Resource<Record<string, never>, unknown> = {
    id: idOf("certificates", appOf(own, scope), "issued"),
    label: "certificate",
    provider: providerName,
    element: "certificates",
    desired: {},
    after: [uploaded],
    read: (context) => uploaded.read(context),
    diff: () => [],
  };
  return gate as AnyResource;
}

function statusOf({ hostname, acm_status, acm_status_reason, cname }: HerokuDomain): HostStatus {
  return { host: hostname, status: acm_status, reason: acm_status_reason, target: cname };
}

function describe({ host, status, reason, target }: HostStatus): string {
  const why =
    reason ?? (status === null || status === "pending" ? "Heroku has not looked at it yet" : status);
  const dns = target === null ? "" : ` (its DNS has to point to ${target})`;
  return status === "verified" || status === "dns-verified"
    ? `${host}: its DNS is right, the certificate is being issued`
    : `${host}: ${why}${dns}`;
}

function certificateFailed(failed: HostStatus): DeployError {
  const { host, reason, target } = failed;
  return new DeployError({
    code: "certificates.failed",
    message: `Heroku could not issue a certificate for ${host}: ${reason ?? "it gives no reason"}.`,
    hint: `Let ${host} point to ${target ?? "its DNS target"} directly, not through a proxy, and look at its CAA records; then: heroku certs:auto:refresh.`,
    docs,
    details: { host, ...(target === null ? {} : { target }) },
  });
}

function certificateLate(waiting: readonly HostStatus[], waitedMs: number): DeployError {
  return new DeployError({
    code: "certificates.not-issued",
    message: `Heroku has issued no certificate within ${Math.round(waitedMs / 60_000)} minutes: ${waiting.map(describe).join("; ")}.`,
    hint: "Look at the DNS of each host; the app itself serves. Run the same again to go on waiting.",
    docs,
    retryable: false,
  });
}

/** Heroku's wording is not documented: whatever refuses and speaks of dynos or plans. */
function needsPaidDynos(error: unknown): boolean {
  return (
    hasCode(error, "heroku.invalid", "heroku.forbidden", "heroku.payment-required") &&
    /\b(dyno|paid|eco|hobby|free)\b/i.test(error.message)
  );
}

function paidDynosNeeded(app: string, cause: unknown): DeployError {
  return new DeployError({
    code: "certificates.needs-paid-dynos",
    message: `Heroku issues certificates for apps on Basic dynos or larger, and ${app} is not.`,
    hint: 'Set "sizes" of heroku() to basic or larger.',
    docs,
    cause,
  });
}

function wildcardRefused(host: string): DeployError {
  return new DeployError({
    code: "certificates.no-wildcards",
    message: `Heroku's automated certificates cannot cover ${host}: they are for single hosts.`,
    hint: 'Bring a certificate of your own: "certificate" of heroku().',
    docs,
  });
}
