import { suggest } from "../app/edit-distance.js";
import type { Context } from "../context.js";
import { type DnsProvider, listZones } from "../elements/dns-ownership.js";
import { normaliseName } from "../elements/dns-values.js";
import { findZone } from "../elements/dns-zone-index.js";
import { createPropagation, type Propagation } from "../elements/propagation.js";
import { type NameNetwork, networkOf } from "../elements/propagation-network.js";
import type { CertificateStatus, DomainFinding, DomainStatus, Route } from "../elements/traffic.js";
import { DeployError, toDeployError } from "../errors.js";
import { composeTraffic } from "./compose-traffic.js";
import { sharedContext } from "./context.js";
import { publicAnswer, readRecord, recordNodes } from "./domains-records.js";
import type { CertificateReport, DomainRecord, ZoneReport } from "./domains-types.js";
import { type Attempt, zoneReports } from "./domains-zones.js";
import { isDnsProvider } from "./providers.js";
import { guardedContext, type Session } from "./session.js";

/** Everything that is known of the domains, before it is judged. */
export interface DomainsLook {
  readonly context: Context;
  readonly network: NameNetwork;
  readonly dns: DnsProvider | undefined;
  readonly routes: readonly Route[];
  /** Zones that the DNS provider holds. */
  readonly held: readonly string[];
  readonly records: readonly DomainRecord[];
  readonly zones: readonly ZoneReport[];
  /** Hosts whose zone cannot be found from outside, each with the reason. */
  readonly lost: Readonly<Record<string, string>>;
  readonly ingress: readonly DomainStatus[];
  readonly certificates: readonly CertificateReport[];
  /** What the vendor has to say, and what of it could not be asked for. */
  readonly findings: readonly DomainFinding[];
  readonly propagation: Propagation;
  /** Hosts that should answer with TLS. */
  readonly secure: readonly string[];
}

/** What is looked at. */
export interface LookOptions {
  readonly hosts?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads what is wanted, what the vendors hold and what name servers answer, all at once. Changes nothing.
 *
 * @throws `config.unknown-domain`; a vendor that does not answer is a finding instead.
 */
export async function lookAtDomains(session: Session, options: LookOptions): Promise<DomainsLook> {
  const { environment, scope } = session;
  const routes = chosenRoutes(session, options.hosts);
  const network = networkOf(session.surroundings.env);
  const context = sharedContext(await guardedContext(session, options.signal));
  const dns = isDnsProvider(environment.providers.dns) ? environment.providers.dns : undefined;
  const propagation = createPropagation(context, network);
  const none = { context, network, dns, routes, propagation };
  if (routes.length === 0) {
    return {
      ...none,
      held: [],
      records: [],
      zones: [],
      lost: {},
      ingress: [],
      certificates: [],
      findings: [],
      secure: [],
    };
  }

  const findings: DomainFinding[] = [];
  const attempt: Attempt = async (name, what, read, otherwise) => {
    try {
      return await read();
    } catch (error) {
      context.signal.throwIfAborted();
      const { message, hint } = toDeployError(error);
      const told = `${what} could not be read: ${message}`;
      findings.push({ name, severity: "problem", message: told, ...(hint === undefined ? {} : { hint }) });
      return otherwise;
    }
  };
  const traffic = composeTraffic(environment, scope, []);
  for (const problem of traffic.problems) {
    const { message, hint } = problem;
    findings.push({ name: scope.app, severity: "problem", message, ...(hint === undefined ? {} : { hint }) });
  }
  const { ingress, certificates } = environment.providers;
  const hosts = routes.map(({ host }) => host);
  const held =
    dns === undefined ? [] : await attempt(dns.name, "The zones", () => listZones(context, dns), []);
  const nodes = recordNodes(traffic);
  const [all, zones, states, issued] = await Promise.all([
    Promise.all(nodes.map((node) => readRecord(context, node, dns))),
    zoneReports(context, hosts, dns, held, propagation, attempt),
    attempt(
      ingress.name,
      "The routes",
      async () => (await ingress.ingress?.status?.(context, scope)) ?? [],
      [],
    ),
    attempt<readonly CertificateStatus[]>(
      certificates?.name ?? "certificates",
      "The certificates",
      async () => (await certificates?.certificates?.status?.(context, scope)) ?? [],
      [],
    ),
    Promise.all(
      [...new Set(hosts.flatMap((host) => findZone(held, host) ?? []))].map(async (zone) => {
        const inside = hosts.filter((host) => findZone(held, host) === zone);
        const inspect = async (): Promise<readonly DomainFinding[]> =>
          (await dns?.dns.inspect?.(context, zone, inside)) ?? [];
        findings.push(...(await attempt(zone, "The settings", inspect, [])));
      }),
    ),
  ]);
  const records = await Promise.all(
    all.filter((record) => concerns(record, hosts)).map((record) => withAnswers(record, held, propagation)),
  );
  return {
    ...none,
    held,
    records,
    zones: zones.reports,
    lost: zones.lost,
    ingress: states.filter(({ host }) => hosts.includes(host)),
    certificates: issued.map((one) => withDaysLeft(one, context.clock.now())),
    findings,
    secure: traffic.secure,
  };
}

function chosenRoutes(session: Session, hosts: readonly string[] | undefined): readonly Route[] {
  const { domains, name } = session.environment;
  if (hosts === undefined || hosts.length === 0) return domains;
  const known = domains.map(({ host }) => host);
  for (const host of hosts) {
    if (known.includes(normaliseName(host))) continue;
    throw new DeployError({
      code: "config.unknown-domain",
      message: `The environment ${name} has no domain "${host}".`,
      hint: suggest(host, known, "It has no domains at all."),
      details: { known },
    });
  }
  const wanted = new Set(hosts.map(normaliseName));
  return domains.filter(({ host }) => wanted.has(host));
}

function concerns(record: DomainRecord, hosts: readonly string[]): boolean {
  const { name } = record;
  if (name === undefined) return true;
  return hosts.some((host) => name === host || name.endsWith(`.${host.replace(/^\*\./, "")}`));
}

async function publicZoneOf(name: string, propagation: Propagation): Promise<string | undefined> {
  const found = await propagation.zone(name);
  return "problem" in found ? undefined : found.zone;
}

/** What servers answer for a record; asked only for what is, or should be, there for them to answer with. */
export async function withAnswers(
  record: DomainRecord,
  held: readonly string[],
  propagation: Propagation,
): Promise<DomainRecord> {
  if (record.held === "missing" || record.held === "unknown") return record;
  if (record.name === undefined) return record;
  const zone = findZone(held, record.name) ?? (await publicZoneOf(record.name, propagation));
  const wanted = publicAnswer(record, zone);
  return wanted === undefined ? record : { ...record, answered: await propagation.record(wanted) };
}

/** A certificate with the days it has left. */
function withDaysLeft(certificate: CertificateStatus, now: number): CertificateReport {
  const expires = certificate.expires === undefined ? Number.NaN : Date.parse(certificate.expires);
  if (Number.isNaN(expires)) return certificate;
  return { ...certificate, daysLeft: daysUntil(expires, now) };
}

/** Whole days until a time in milliseconds; negative behind it. */
export function daysUntil(time: number, now: number): number {
  return Math.floor((time - now) / 86_400_000);
}
