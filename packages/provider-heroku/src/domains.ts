import { type AnyResource, type Context, DeployError, type Resource, type Scope } from "@deploy/core";
import { path } from "./api.js";
import type { HerokuDomain } from "./api-types.js";
import { hasCode, unlessMissing } from "./errors.js";
import { idOf, providerName } from "./names.js";
import { isOurs, readMarker } from "./ownership.js";
import { readConfigVars, readDomains, readSniEndpoints } from "./reads.js";
import { appResource } from "./servers.js";
import { certificateName } from "./sni-endpoints.js";
import { appOf, type Surroundings } from "./surroundings.js";

/** A domain as Heroku has it. */
export interface DomainState {
  readonly host: string;
  /** What DNS has to point to; null until Heroku has made it. */
  readonly target: string | null;
  readonly status: string;
  /** The certificate of our own that it terminates with, by its name in the desired state. */
  readonly certificate: string | null;
}

/** What a domain should be: `certificate` is the name of an SNI endpoint of ours, null for ACM or none. */
export interface DomainDesired {
  readonly host: string;
  readonly certificate: string | null;
}

/** The domain of a host as a node of the plan. An app that is ours owns its domains: they need no marker of their own. */
export function domainResource(
  own: Surroundings,
  scope: Scope,
  host: string,
  certificate: string | null,
  after: readonly AnyResource[],
): Resource<DomainDesired, DomainState> {
  const app = appOf(own, scope);
  const endpointOf = async (context: Context, name: string | null): Promise<string | null> => {
    if (name === null) return null;
    const endpoints = (await readSniEndpoints(own, context, scope)) ?? [];
    return endpoints.find((endpoint) => certificateName(endpoint) === name)?.id ?? null;
  };
  return {
    id: domainId(own, scope, host),
    label: `domain ${host}`,
    provider: providerName,
    element: "ingress",
    desired: { host, certificate },
    after: [appResource(own, scope) as AnyResource, ...after],
    async read(context) {
      const [domains, endpoints, vars] = await Promise.all([
        readDomains(own, context, scope),
        certificate === null ? [] : readSniEndpoints(own, context, scope),
        readConfigVars(own, context, scope),
      ]);
      const found = domains?.find((domain) => domain.hostname === host);
      if (found === undefined || !isOurs(readMarker(vars), scope)) return undefined;
      return stateOf(found, endpoints ?? []);
    },
    pending: (observed) => {
      if (observed.status === "failed") throw domainFailed(observed.host);
      if (observed.target === null) return `Heroku has not made the DNS target of ${observed.host} yet`;
      return observed.status === "pending" ? `Heroku is still setting up ${observed.host}` : undefined;
    },
    async create(context, desired) {
      const endpoint = await endpointOf(context, desired.certificate);
      try {
        const made = await own.api.post<HerokuDomain>(context, path`/apps/${app}/domains`, {
          hostname: desired.host,
          sni_endpoint: endpoint,
        });
        return { ...stateOf(made, []), certificate: desired.certificate };
      } catch (error) {
        if (!hasCode(error, "heroku.invalid", "heroku.name-taken", "heroku.conflict")) throw error;
        // Either a lost answer of our own, or somebody else's.
        const there = await unlessMissing(
          own.api.get<HerokuDomain>(context, path`/apps/${app}/domains/${desired.host}`),
        );
        if (there !== undefined) return { ...stateOf(there, []), certificate: desired.certificate };
        throw isClaimed(error) ? domainClaimed(desired.host, error) : error;
      }
    },
    async update(context, desired) {
      const endpoint = await endpointOf(context, desired.certificate);
      const changed = await own.api.patch<HerokuDomain>(context, path`/apps/${app}/domains/${desired.host}`, {
        sni_endpoint: endpoint,
      });
      return { ...stateOf(changed, []), certificate: desired.certificate };
    },
  };
}

/** Id of the resource of a domain. */
export function domainId(own: Pick<Surroundings, "options">, scope: Scope, host: string): string {
  return idOf("ingress", appOf(own, scope), "domain", host);
}

/** Takes a domain off the app; fine when it is off already. */
export async function removeDomain(
  own: Surroundings,
  context: Context,
  scope: Scope,
  host: string,
): Promise<void> {
  await unlessMissing(own.api.delete(context, path`/apps/${appOf(own, scope)}/domains/${host}`));
}

function stateOf(
  domain: HerokuDomain,
  endpoints: readonly Parameters<typeof certificateName>[0][],
): DomainState {
  const endpoint = endpoints.find(({ id }) => id === domain.sni_endpoint?.id);
  return {
    host: domain.hostname,
    target: domain.cname,
    status: domain.status,
    certificate: endpoint === undefined ? null : (certificateName(endpoint) ?? null),
  };
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
