import { findZone } from "../elements/dns-zone-index.js";
import type { DomainFinding, Route } from "../elements/traffic.js";
import { judgeDomains } from "./domains-findings.js";
import { type DomainsLook, lookAtDomains } from "./domains-look.js";
import type { CertificateReport, DomainRecord, DomainReport, DomainsStatus } from "./domains-types.js";
import type { Session } from "./session.js";

/** The domains of an environment: as wanted, as held, as answered. */
export async function domainsStatus(session: Session): Promise<DomainsStatus> {
  const look = await lookAtDomains(session, {});
  return reportOf(session, look, judgeDomains(look));
}

/** What was seen, host by host. */
export function reportOf(
  session: Session,
  look: DomainsLook,
  findings: readonly DomainFinding[],
): DomainsStatus {
  const { app, environment } = session.scope;
  return {
    app,
    environment,
    ok: findings.every(({ severity }) => severity !== "problem"),
    domains: look.routes.map((route) => domainReport(look, route, findings)),
    proofs: look.records.filter(({ use }) => use === "proof"),
    zones: look.zones,
    certificates: look.certificates,
    findings,
  };
}

function domainReport(look: DomainsLook, route: Route, findings: readonly DomainFinding[]): DomainReport {
  const { host } = route;
  const records = look.records.filter((one) => one.use === "traffic" && one.name === host);
  const zone = findZone(look.held, host);
  const ingress = look.ingress.find((one) => one.host === host);
  const certificate = certificateFor(look.certificates, host);
  return {
    host,
    leadsTo: route,
    ...(zone === undefined || look.dns === undefined ? {} : { zone, provider: look.dns.name }),
    records,
    ...(ingress === undefined ? {} : { ingress }),
    ...(certificate === undefined ? {} : { certificate }),
    state: stateOf(host, records, certificate, findings),
  };
}

function stateOf(
  host: string,
  records: readonly DomainRecord[],
  certificate: CertificateReport | undefined,
  findings: readonly DomainFinding[],
): DomainReport["state"] {
  const names = new Set([host, ...(certificate?.hosts ?? [])]);
  const problems = findings.filter(({ severity, name }) => severity === "problem" && names.has(name));
  if (problems.length === 0) return "ok";
  const underWay = records.some(
    ({ held, changes, answered }) =>
      held === "ours" &&
      changes.length === 0 &&
      (answered?.state === "partly" || answered?.state === "nowhere"),
  );
  return underWay && problems.length === 1 ? "changing" : "wrong";
}

/** The certificate that a host is served with: one that is issued before one that is not. */
function certificateFor(
  certificates: readonly CertificateReport[],
  host: string,
): CertificateReport | undefined {
  const parent = `*.${host.slice(host.indexOf(".") + 1)}`;
  const fitting = certificates.filter(({ hosts }) => hosts.includes(host) || hosts.includes(parent));
  return fitting.find(({ state }) => state === "issued") ?? fitting[0];
}
