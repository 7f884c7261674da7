import type { ResolvedEnvironment } from "../app/resolved.js";
import { isSupported } from "../elements/capability.js";
import { caaGate } from "../elements/dns-caa.js";
import { apexAbility, decideRecords, targetKind } from "../elements/dns-decision.js";
import { type DnsProvider, recordId } from "../elements/dns-ownership.js";
import { dnsRecord } from "../elements/dns-records.js";
import { shortenedLife } from "../elements/dns-ttl.js";
import type { Provider } from "../elements/provider.js";
import type { Scope } from "../elements/scope.js";
import type {
  Certificate,
  DnsRecordSet,
  DnsRecordType,
  EdgePlan,
  Endpoint,
  Ingress,
  IngressPlan,
  Route,
} from "../elements/traffic.js";
import { type In, isOut, mapOut, type Out } from "../engine/out.js";
import type { AnyResource, Resource } from "../engine/resource.js";
import type { Problem } from "../errors.js";
import { isDnsProvider, requireElement } from "./providers.js";

/** Routes, certificates and names of an environment in one graph. */
export interface Traffic {
  readonly resources: readonly AnyResource[];
  /** The URL that answers without any domain. */
  readonly url: Out<string>;
  /** Hosts that lead to a process. */
  readonly hosts: readonly string[];
  /** Hosts that answer with TLS: by a certificate of this plan, or at the edge of the DNS vendor. */
  readonly secure: readonly string[];
  /** Hosts whose record the user has to make by hand, and what it has to say. */
  readonly byHand: readonly { readonly host: string; readonly type: string; readonly value: In<string> }[];
  readonly notes: readonly string[];
  readonly problems: readonly Problem[];
}

/** Whether anything of it is meant to be reached from outside: an app of workers alone has no routes. */
export function isPublished(environment: ResolvedEnvironment): boolean {
  return (
    environment.domains.length > 0 ||
    environment.processes.some((process) => process.listens && !process.internal)
  );
}

/**
 * From host names to processes: validation records at once, routes once everything in `serving` serves and the
 * certificate is issued, host records last.
 *
 * @param adopt ids of what may be taken over.
 */
export function composeTraffic(
  environment: ResolvedEnvironment,
  scope: Scope,
  serving: readonly AnyResource[],
  adopt: readonly string[] = [],
): Traffic {
  const ingressProvider = environment.providers.ingress;
  const ingress = requireElement(ingressProvider, "ingress");
  const dns = isDnsProvider(environment.providers.dns) ? environment.providers.dns : undefined;
  const notes: string[] = [];
  const problems: Problem[] = [];

  const { routes, atEdge } = splitRoutes(environment, ingressProvider, ingress, dns, problems);
  const secured = composeCertificate(environment, scope, ingress, routes, dns, notes);
  const switched = secured?.gates ?? [];
  const plan = ingress.routes(scope, routes, {
    ...(secured === undefined ? {} : { certificate: secured.certificate }),
    after: [...serving, ...switched],
  });

  const edge = composeEdge(scope, dns, routes, plan.endpoints, secured !== undefined);
  const after = [...serving, ...plan.resources, ...edge.resources];
  const records: AnyResource[] = [];
  const byHand: Traffic["byHand"][number][] = [];
  for (const { host } of routes) {
    const endpoint = plan.endpoints[host];
    if (endpoint === undefined || endpoint.kind === "none") continue;
    if (dns === undefined) {
      const type = endpoint.kind === "hostname" ? "CNAME" : "A";
      byHand.push({ host, type, value: endpoint.kind === "hostname" ? endpoint.host : endpoint.ipv4 });
      continue;
    }
    records.push(...hostRecords(dns, scope, host, endpoint, after, adopt));
  }
  // A redirect leads to a host that should be there by then.
  const ready = [...after, ...records];
  const redirects = atEdge.flatMap(
    ({ host, redirect }) => dns?.dns.redirect?.(scope, host, redirect, { after: ready }).resources ?? [],
  );
  for (const { host, value } of byHand) {
    const to = typeof value === "string" ? value : "the address shown after deploying";
    notes.push(`No DNS provider holds ${host}: point it to ${to} by hand.`);
  }

  return {
    resources: [
      ...(secured?.resources ?? []),
      ...plan.resources,
      ...edge.resources,
      ...records,
      ...redirects,
    ],
    url: plan.url,
    hosts: routes.flatMap((route) =>
      "process" in route && !route.host.startsWith("*.") ? [route.host] : [],
    ),
    secure: [...new Set([...(secured === undefined ? [] : routes.map(({ host }) => host)), ...edge.hosts])],
    byHand,
    notes,
    problems,
  };
}

/** A redirect is served by the ingress if it can, else by the DNS vendor, else not at all. */
function splitRoutes(
  environment: ResolvedEnvironment,
  ingressProvider: Provider,
  ingress: Ingress,
  dns: DnsProvider | undefined,
  problems: Problem[],
): { routes: readonly Route[]; atEdge: readonly Extract<Route, { redirect: string }>[] } {
  const routes: Route[] = [];
  const atEdge: Extract<Route, { redirect: string }>[] = [];
  for (const domain of environment.domains) {
    if ("process" in domain || isSupported(ingress.capabilities.redirects)) {
      routes.push(domain);
    } else if (dns?.dns.redirect !== undefined && isSupported(dns.dns.capabilities.redirects)) {
      atEdge.push(domain);
    } else {
      problems.push({
        message: `Nothing can redirect ${domain.host} to ${domain.redirect}: ${ingressProvider.name} cannot (${ingress.capabilities.redirects.no}).`,
        hint: "Lead the host to a process, or use a DNS provider that serves redirects.",
      });
    }
  }
  return { routes, atEdge };
}

/** TLS in front of the ingress, where the DNS vendor has it and a record leads there. */
function composeEdge(
  scope: Scope,
  dns: DnsProvider | undefined,
  routes: readonly Route[],
  endpoints: IngressPlan["endpoints"],
  secure: boolean,
): EdgePlan {
  const hosts = routes.map(({ host }) => host).filter((host) => (endpoints[host]?.kind ?? "none") !== "none");
  return hosts.length === 0
    ? { resources: [], hosts: [] }
    : (dns?.dns.edge?.(scope, hosts, { secure }) ?? { resources: [], hosts: [] });
}

function composeCertificate(
  environment: ResolvedEnvironment,
  scope: Scope,
  ingress: Ingress,
  routes: readonly Route[],
  dns: DnsProvider | undefined,
  notes: string[],
):
  | { certificate: Certificate; resources: readonly AnyResource[]; gates: readonly AnyResource[] }
  | undefined {
  if (routes.length === 0) return undefined;
  const provider = environment.providers.certificates;
  if (provider?.certificates === undefined) return undefined;
  const { proof, kind, caaIdentities } = provider.certificates.capabilities;
  if (!ingress.capabilities.certificateKinds.includes(kind)) return undefined;
  if (proof === "dns" && dns === undefined) {
    notes.push(
      `No DNS provider proves to ${provider.name} whose ${routes.length === 1 ? "host" : "hosts"} these are: make each validation record by hand when it is shown. The certificate is waited for; a stopped run goes on where it was.`,
    );
  }
  const proofs: AnyResource[] = [];
  const hosts = routes.map(({ host }) => host);
  const allowed =
    dns === undefined || caaIdentities === undefined ? [] : [caaGate(dns, provider, hosts, caaIdentities)];
  const certificate = provider.certificates.certificate(scope, hosts, (key, host, record) => {
    const label = `validation record of ${host}`;
    const node =
      dns === undefined
        ? recordByHand(provider, key, label, record)
        : (dnsRecord(dns, scope, `validation/${key}`, host, asProof(record), { label }) as AnyResource);
    proofs.push(node);
    return node;
  });
  return {
    certificate,
    resources: [...allowed, ...certificate.resources, ...proofs, certificate.issued],
    // A proof over HTTP is served by the routes themselves: waiting for it before they are there would never end.
    gates: proof === "http" ? [] : [certificate.issued],
  };
}

/** A record that proves something: never proxied or flattened, since an authority looks for exactly what it says. */
function asProof(record: In<DnsRecordSet>): In<DnsRecordSet> {
  if (isOut(record)) return mapOut(record, (settled) => ({ ...(settled as DnsRecordSet), use: "proof" }));
  return { ...record, use: "proof" };
}

/**
 * A validation record that somebody makes by hand: nothing here can see it, so it counts as made, and the gate of the
 * certificate says which record it is waiting for.
 */
function recordByHand(provider: Provider, key: string, label: string, record: In<DnsRecordSet>): AnyResource {
  const node: Resource<DnsRecordSet, Record<string, never>> = {
    id: `${provider.name}/certificates/by-hand/${key}`,
    label,
    provider: provider.name,
    element: "certificates",
    desired: record,
    read: async () => ({}),
    diff: () => [],
  };
  return node as AnyResource;
}

/** The records of a host, of the types that the decision table names; at a root the zone decides, once it is known. */
function hostRecords(
  dns: DnsProvider,
  scope: Scope,
  host: string,
  endpoint: Exclude<Endpoint, { kind: "none" }>,
  after: readonly AnyResource[],
  adopt: readonly string[],
): readonly AnyResource[] {
  const place = host.startsWith("*.") ? "wildcard" : "below the root";
  const types = decideRecords(targetKind(endpoint, dns.name), place, apexAbility(dns.dns.capabilities)) ?? [];
  return types.map((type) => {
    const key = type === "AAAA" ? `${host}/ipv6` : host;
    const record = { name: host, type, ...contentOf(endpoint, type, dns.name) };
    const alone = types.length === 1;
    const early = shortenedLife(dns, scope, key, host, record, adopt.includes(recordId(dns, key)));
    return dnsRecord(dns, scope, key, host, record, { after: [early, ...after], alone }) as AnyResource;
  });
}

function contentOf(
  endpoint: Exclude<Endpoint, { kind: "none" }>,
  type: DnsRecordType,
  dnsName: string,
): Pick<Extract<In<DnsRecordSet>, { values: unknown }>, "values" | "extra"> {
  if (endpoint.kind === "address") {
    return { values: [type === "AAAA" ? (endpoint.ipv6 ?? "") : endpoint.ipv4] };
  }
  const aliasZone = endpoint.alias?.[dnsName];
  return { values: [endpoint.host], ...(aliasZone === undefined ? {} : { extra: { aliasZone } }) };
}

/** A URL for each host, in front of the one that answers without any domain. */
export function urlsOf(
  traffic: Pick<Traffic, "hosts" | "secure">,
  url: string | undefined,
): readonly string[] {
  const ofHosts = traffic.hosts.map((host) => {
    if (traffic.secure.includes(host) || url === undefined || !URL.canParse(url)) return `https://${host}`;
    const { protocol, port } = new URL(url);
    return `${protocol}//${host}${port === "" ? "" : `:${port}`}`;
  });
  return url === undefined ? ofHosts : [...ofHosts, url];
}
