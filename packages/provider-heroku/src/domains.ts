import {
  type AnyResource,
  type Context,
  DeployError,
  type FieldChange,
  type Resource,
  type Scope,
} from "@deploy/core";
import { path } from "./api.js";
import type { HerokuDomain } from "./api-types.js";
import { hasCode, unlessMissing } from "./errors.js";
import { idOf, providerName } from "./names.js";
import { isOurs, type Marker, readMarker } from "./ownership.js";
import { readConfigVars, readDomains, readSniEndpoints } from "./reads.js";
import { appResource } from "./servers.js";
import { certificateName, ownCertificate } from "./sni-endpoints.js";
import { appOf, type Surroundings } from "./surroundings.js";

/** A domain as Heroku has it. */
export interface DomainState {
  /** What DNS has to point to; null until Heroku has made it. */
  readonly target: string | null;
  readonly status: string;
  /** Name of the certificate of one's own that it terminates with; null: Heroku's, or none. */
  readonly certificate: string | null;
}

/** All domains of an app by host. */
export interface DomainsState {
  readonly hosts: Readonly<Record<string, DomainState>>;
}

/** What the domains should be: the host, and the name of its own certificate, or null. */
export interface DomainsDesired {
  readonly hosts: Readonly<Record<string, string | null>>;
}

/**
 * All domains of the app as one node: compared exactly, so that a host which is no longer wanted is seen in any plan.
 *
 * An app that is ours owns its domains; those that it had when it was adopted stay.
 */
export function domainsResource(
  own: Surroundings,
  scope: Scope,
  hosts: readonly string[],
  certificate: string | null,
  after: readonly AnyResource[],
): Resource<DomainsDesired, DomainsState> {
  const read = (context: Context): Promise<DomainsState | undefined> => readState(own, context, scope, hosts);
  return {
    id: domainsId(own, scope),
    label: hosts.length === 0 ? "domains" : `domains ${hosts.join(", ")}`,
    provider: providerName,
    element: "ingress",
    desired: { hosts: Object.fromEntries(hosts.map((host) => [host, certificate])) },
    after: [appResource(own, scope) as AnyResource, ...after],
    // A host that is added has a target which nobody knows before.
    renews: true,
    read,
    diff: (desired, observed) => differences(desired as DomainsDesired, observed),
    pending({ hosts: present }) {
      for (const [host, { target, status }] of Object.entries(present)) {
        if (status === "failed") throw domainFailed(host);
        if (target === null) return `Heroku has not made the DNS target of ${host} yet`;
        if (status === "pending") return `Heroku is still setting up ${host}`;
      }
      return undefined;
    },
    create: (context, desired) => change(own, context, scope, desired, { hosts: {} }),
    update: (context, desired, observed) => change(own, context, scope, desired, observed),
  };
}

/** Id of the resource of an app's domains. */
export function domainsId(own: Pick<Surroundings, "options">, scope: Scope): string {
  return idOf("ingress", appOf(own, scope), "domains");
}

/** The hosts of an app that are ours: neither Heroku's own nor those that an adopted app came with. */
export function ownHosts(
  domains: readonly HerokuDomain[],
  marker: Marker | undefined,
  wanted: readonly string[] = [],
): readonly HerokuDomain[] {
  const found = marker?.found ?? [];
  return domains.filter(
    ({ kind, hostname }) => kind === "custom" && (wanted.includes(hostname) || !found.includes(hostname)),
  );
}

/** Takes a host off the app; fine when it is off already. */
export async function removeHost(
  own: Surroundings,
  context: Context,
  scope: Scope,
  host: string,
): Promise<void> {
  await unlessMissing(own.api.delete(context, path`/apps/${appOf(own, scope)}/domains/${host}`));
}

async function readState(
  own: Surroundings,
  context: Context,
  scope: Scope,
  wanted: readonly string[],
): Promise<DomainsState | undefined> {
  const [domains = [], endpoints = [], vars] = await Promise.all([
    readDomains(own, context, scope),
    own.options.certificate === undefined ? [] : readSniEndpoints(own, context, scope),
    readConfigVars(own, context, scope),
  ]);
  const marker = readMarker(vars);
  const ours = isOurs(marker, scope) ? ownHosts(domains, marker, wanted) : [];
  // Without any there is nothing to make, unless one is wanted.
  if (ours.length === 0 && wanted.length > 0) return undefined;
  const uploaded = new Set(
    endpoints.filter((one) => certificateName(one) === ownCertificate).map(({ id }) => id),
  );
  const hosts = ours.map((domain): [string, DomainState] => [
    domain.hostname,
    {
      target: domain.cname,
      status: domain.status,
      certificate: uploaded.has(domain.sni_endpoint?.id ?? "") ? ownCertificate : null,
    },
  ]);
  return { hosts: Object.fromEntries(hosts) };
}

function differences(desired: DomainsDesired, observed: DomainsState): readonly FieldChange[] {
  const changes: FieldChange[] = [];
  for (const [host, certificate] of Object.entries(desired.hosts)) {
    const present = observed.hosts[host];
    if (present === undefined) changes.push({ path: host, to: "present" });
    else if (present.certificate !== certificate) {
      changes.push({ path: `${host}.certificate`, from: present.certificate, to: certificate });
    }
  }
  for (const host of Object.keys(observed.hosts)) {
    if (!Object.hasOwn(desired.hosts, host)) changes.push({ path: host, from: "present", to: "absent" });
  }
  return changes;
}

/** One host after the other: each call is safe to repeat, and what is left of a run that ended is seen by the next. */
async function change(
  own: Surroundings,
  context: Context,
  scope: Scope,
  desired: DomainsDesired,
  observed: DomainsState,
): Promise<DomainsState> {
  const app = appOf(own, scope);
  const hosts: Record<string, DomainState> = {};
  let endpoint: string | undefined;
  for (const [host, certificate] of Object.entries(desired.hosts)) {
    const present = observed.hosts[host];
    if (present !== undefined && present.certificate === certificate) {
      hosts[host] = present;
      continue;
    }
    if (certificate !== null) endpoint ??= await uploadedEndpoint(own, context, scope);
    const id = certificate === null ? null : (endpoint ?? null);
    const domain =
      present === undefined
        ? await addHost(own, context, app, host, id)
        : await own.api.patch<HerokuDomain>(context, path`/apps/${app}/domains/${host}`, {
            sni_endpoint: id,
          });
    hosts[host] = { target: domain.cname, status: domain.status, certificate };
  }
  for (const host of Object.keys(observed.hosts)) {
    if (!Object.hasOwn(desired.hosts, host)) await removeHost(own, context, scope, host);
  }
  return { hosts };
}

async function uploadedEndpoint(
  own: Surroundings,
  context: Context,
  scope: Scope,
): Promise<string | undefined> {
  const endpoints = (await readSniEndpoints(own, context, scope)) ?? [];
  return endpoints.find((one) => certificateName(one) === ownCertificate)?.id;
}

async function addHost(
  own: Surroundings,
  context: Context,
  app: string,
  host: string,
  endpoint: string | null,
): Promise<HerokuDomain> {
  try {
    return await own.api.post<HerokuDomain>(context, path`/apps/${app}/domains`, {
      hostname: host,
      sni_endpoint: endpoint,
    });
  } catch (error) {
    if (!hasCode(error, "heroku.invalid", "heroku.name-taken", "heroku.conflict")) throw error;
    // Either a lost answer of our own, or somebody else's.
    const there = await unlessMissing(own.api.get<HerokuDomain>(context, path`/apps/${app}/domains/${host}`));
    if (there !== undefined) return there;
    throw isClaimed(error) ? domainClaimed(host, error) : error;
  }
}

/** Heroku's words for a host that another app has: "Domain already added to another app", "currently in use by". */
function isClaimed(error: DeployError): boolean {
  return /\b(already|in use|another app|belongs to)\b/i.test(error.message);
}

function domainClaimed(host: string, cause: unknown): DeployError {
  return new DeployError({
    code: "ingress.domain-claimed",
    message: `The domain ${host} is claimed by another app at Heroku, where a host belongs to one app only.`,
    hint: `Remove it there first (heroku domains:remove ${host}), or ask Heroku's support when the app is not yours.`,
    cause,
  });
}

function domainFailed(host: string): DeployError {
  return new DeployError({
    code: "ingress.domain-failed",
    message: `Heroku could not set up the domain ${host}.`,
    hint: "Remove the domain and run again; if it stays so, write to Heroku's support.",
  });
}
