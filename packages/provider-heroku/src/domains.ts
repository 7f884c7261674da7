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

/** What a domain should be. */
export interface DomainDesired {
  readonly host: string;
  readonly certificate: string | null;
}

/**
 * The domain of a host as a node of the plan: wanted by its route, by its certificate, or by both, and then it is one
 * node. An app that is ours owns its domains; those that it had when it was adopted stay.
 */
export function domainResource(
  own: Surroundings,
  scope: Scope,
  host: string,
  certificate: string | null,
  after: readonly AnyResource[],
): Resource<DomainDesired, DomainState> {
  const app = appOf(own, scope);
  const endpointFor = (context: Context, name: string | null): Promise<string | null> =>
    name === null ? Promise.resolve(null) : uploadedEndpoint(own, context, scope);
  return {
    id: domainId(own, scope, host),
    label: `domain ${host}`,
    provider: providerName,
    element: "ingress",
    desired: { host, certificate },
    after: [appResource(own, scope) as AnyResource, ...after],
    read: (context) => readDomain(own, context, scope, host),
    diff: (desired, observed): readonly FieldChange[] => {
      const { certificate: wanted } = desired as DomainDesired;
      const is = observed.certificate;
      return is === wanted ? [] : [{ path: "certificate", from: is, to: wanted }];
    },
    pending({ target, status }) {
      if (status === "failed") throw domainFailed(host);
      if (target === null) return `Heroku has not made the DNS target of ${host} yet`;
      return status === "pending" ? `Heroku is still setting up ${host}` : undefined;
    },
    async create(context, desired) {
      const endpoint = await endpointFor(context, desired.certificate);
      const made = await addHost(own, context, app, host, endpoint);
      return { target: made.cname, status: made.status, certificate: desired.certificate };
    },
    async update(context, desired) {
      const endpoint = await endpointFor(context, desired.certificate);
      const changed = await attach(own, context, app, host, endpoint);
      return { target: changed.cname, status: changed.status, certificate: desired.certificate };
    },
  };
}

/** Id of the resource of a domain. */
export function domainId(own: Pick<Surroundings, "options">, scope: Scope, host: string): string {
  return idOf("ingress", appOf(own, scope), "domain", host);
}

/**
 * All hosts of the app compared exactly, so that a host which is no longer wanted is seen in any plan, and not by a prune
 * alone. It makes nothing: each host has a node of its own. Where there is no app yet, there are no routes either.
 */
export function routesResource(
  own: Surroundings,
  scope: Scope,
  hosts: readonly string[],
  after: readonly AnyResource[],
): Resource<{ readonly hosts: readonly string[] }, { readonly hosts: readonly string[] }> {
  const unwanted = (present: readonly string[]): readonly string[] => {
    // Hosts of a certificate in the same plan are wanted as well.
    const wanted = new Set([...hosts, ...(own.certified.get(appOf(own, scope)) ?? [])]);
    return present.filter((host) => !wanted.has(host));
  };
  return {
    id: idOf("ingress", appOf(own, scope), "routes"),
    label: "routes",
    provider: providerName,
    element: "ingress",
    desired: { hosts },
    after,
    async read(context) {
      const [domains = [], vars] = await Promise.all([
        readDomains(own, context, scope),
        readConfigVars(own, context, scope),
      ]);
      if (vars === undefined && hosts.length > 0) return undefined;
      const marker = readMarker(vars);
      const ours = isOurs(marker, scope) ? ownHosts(domains, marker) : [];
      return { hosts: ours.map(({ hostname }) => hostname) };
    },
    diff: (_desired, { hosts: present }) =>
      unwanted(present).map((host) => ({ path: host, from: "present", to: "absent" })),
    create: (_context, desired) => Promise.resolve(desired),
    async update(context, _desired, { hosts: present }) {
      for (const host of unwanted(present)) await removeHost(own, context, scope, host);
      return { hosts };
    },
  };
}

/** The hosts of an app that are ours: neither Heroku's own nor those that an adopted app came with. */
export function ownHosts(
  domains: readonly HerokuDomain[],
  marker: Marker | undefined,
): readonly HerokuDomain[] {
  const found = marker?.found ?? [];
  return domains.filter(({ kind, hostname }) => kind === "custom" && !found.includes(hostname));
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

async function readDomain(
  own: Surroundings,
  context: Context,
  scope: Scope,
  host: string,
): Promise<DomainState | undefined> {
  const [domains = [], endpoints = [], vars] = await Promise.all([
    readDomains(own, context, scope),
    own.options.certificate === undefined ? [] : readSniEndpoints(own, context, scope),
    readConfigVars(own, context, scope),
  ]);
  const found = domains.find(({ hostname }) => hostname === host);
  if (found === undefined || !isOurs(readMarker(vars), scope)) return undefined;
  const uploaded = endpoints.some(
    (one) => certificateName(one) === ownCertificate && one.id === found.sni_endpoint?.id,
  );
  return { target: found.cname, status: found.status, certificate: uploaded ? ownCertificate : null };
}

async function attach(
  own: Surroundings,
  context: Context,
  app: string,
  host: string,
  endpoint: string | null,
): Promise<HerokuDomain> {
  return own.api.patch<HerokuDomain>(context, path`/apps/${app}/domains/${host}`, { sni_endpoint: endpoint });
}

async function uploadedEndpoint(own: Surroundings, context: Context, scope: Scope): Promise<string | null> {
  const endpoints = (await readSniEndpoints(own, context, scope)) ?? [];
  return endpoints.find((one) => certificateName(one) === ownCertificate)?.id ?? null;
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
    if (there !== undefined) {
      return (there.sni_endpoint?.id ?? null) === endpoint
        ? there
        : attach(own, context, app, host, endpoint);
    }
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
