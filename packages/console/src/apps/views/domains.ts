import {
  type CertificateReport,
  type DomainFinding,
  type DomainRecord,
  type DomainReport,
  type DomainsCheck,
  encodeText,
  type HostProbe,
  type ZoneReport,
} from "@deploy/core";
import type {
  CertificateView,
  DomainOverview,
  DomainState,
  DomainsOverview,
  DomainsView,
  DomainView,
  FindingView,
  ProbeView,
  RecordView,
  ZoneView,
} from "../../shared/app-types.js";

/** A DNS record's life where nobody has named one, seconds; what a line for a zone file is written with. */
const defaultTtl = 300;

/** All domains in one line each. */
export function domainsOverview(check: DomainsCheck | undefined): DomainsOverview {
  const view = domainsView(check);
  return {
    state: view.state,
    hosts: view.domains.map(({ host, state, certificate }): DomainOverview => {
      if (certificate === undefined) return { host, state };
      const { daysLeft } = certificate;
      return {
        host,
        state,
        certificate: { state: certificate.state, ...(daysLeft === undefined ? {} : { daysLeft }) },
      };
    }),
    problems: view.findings
      .filter(({ severity }) => severity === "problem")
      .map(({ name, message }) => (message.includes(name) ? message : `${name}: ${message}`)),
  };
}

/** The domains as wanted, as held, as answered, and what to do. */
export function domainsView(check: DomainsCheck | undefined, checkedAt?: number): DomainsView {
  if (check === undefined) {
    return { state: "ok", domains: [], zones: [], certificates: [], proofs: [], findings: [], byHand: [] };
  }
  const domains = check.domains.map((domain) => domainView(domain, check));
  return {
    state: worstOf([...domains.map(({ state }) => state), check.ok ? "ok" : "wrong"]),
    domains,
    zones: check.zones.map(zoneView),
    certificates: check.certificates.map(certificateView),
    proofs: check.proofs.map(recordView),
    findings: check.findings.map(findingView),
    byHand: [...check.domains.flatMap(({ records }) => records), ...check.proofs]
      .filter(({ held }) => held === "by hand")
      .flatMap(zoneFileLines),
    ...(checkedAt === undefined ? {} : { checkedAt }),
  };
}

const gravity: readonly DomainState[] = ["ok", "changing", "unknown", "wrong"];

function worstOf(states: readonly DomainState[]): DomainState {
  return states.reduce(
    (worst, one) => (gravity.indexOf(one) > gravity.indexOf(worst) ? one : worst),
    "ok" as DomainState,
  );
}

function domainView(domain: DomainReport, check: DomainsCheck): DomainView {
  const { host, leadsTo, zone, provider, ingress } = domain;
  const probe = check.hosts.find((one) => one.host === host);
  const certificate = certificateOf(domain.certificate, probe);
  const concerned = new Set([host, ...(domain.certificate?.hosts ?? [])]);
  const findings = check.findings.filter(({ name }) => concerned.has(name)).map(findingView);
  return {
    host,
    leadsTo: "process" in leadsTo ? { process: leadsTo.process } : { redirect: leadsTo.redirect },
    state: stateOf(domain, findings),
    ...(zone === undefined ? {} : { zone }),
    ...(provider === undefined ? {} : { provider }),
    records: domain.records.map(recordView),
    ...(certificate === undefined ? {} : { certificate }),
    ...(ingress === undefined
      ? {}
      : {
          ingress: {
            ...(ingress.target === undefined ? {} : { target: ingress.target }),
            ...(ingress.certificate === undefined ? {} : { certificate: ingress.certificate }),
            ...(ingress.problem === undefined ? {} : { problem: ingress.problem }),
          },
        }),
    ...(probe === undefined ? {} : { probe: probeView(probe) }),
    findings,
  };
}

/** A host of which neither vendor nor name server could say anything is not wrong: it is not known. */
function stateOf({ state, records }: DomainReport, findings: readonly FindingView[]): DomainState {
  const silent =
    records.length > 0 &&
    records.every(({ held, answered }) => held === "unknown" && (answered?.state ?? "unknown") === "unknown");
  if (silent && !findings.some(({ severity }) => severity === "problem")) return "unknown";
  return state === "ok" && findings.some(({ severity }) => severity === "problem") ? "wrong" : state;
}

/** What the vendor says of it; its expiry, where the vendor does not tell, is what the host shows to browsers. */
function certificateOf(
  report: CertificateReport | undefined,
  probe: HostProbe | undefined,
): CertificateView | undefined {
  const shown = probe?.certificate;
  if (report === undefined) {
    if (shown === undefined) return undefined;
    return {
      hosts: shown.names,
      issuer: shown.issuer,
      state: shown.matches && shown.trusted && shown.daysLeft >= 0 ? "issued" : "failed",
      expires: Date.parse(shown.expires),
      daysLeft: shown.daysLeft,
      source: "host",
    };
  }
  if (report.daysLeft !== undefined || report.state !== "issued" || shown?.matches !== true) {
    return certificateView(report);
  }
  return {
    ...certificateView(report),
    expires: Date.parse(shown.expires),
    daysLeft: shown.daysLeft,
    source: "host",
  };
}

function certificateView(report: CertificateReport): CertificateView {
  const { hosts, issuer, state, expires, daysLeft, renewal, problem } = report;
  return {
    hosts,
    issuer,
    state,
    ...(expires === undefined ? {} : { expires: Date.parse(expires) }),
    ...(daysLeft === undefined ? {} : { daysLeft }),
    ...(renewal === undefined ? {} : { renewal }),
    ...(problem === undefined ? {} : { problem }),
    source: "vendor",
  };
}

function recordView(record: DomainRecord): RecordView {
  const { name, type, wanted, held, present, owner, changes, answered } = record;
  return {
    ...(name === undefined ? {} : { name }),
    ...(type === undefined ? {} : { type }),
    ...(wanted === undefined ? {} : { wanted: wanted.values }),
    held,
    ...(present === undefined ? {} : { present: present.values }),
    ...(owner === undefined ? {} : { owner }),
    changes: changes.length > 0,
    ...(answered === undefined
      ? {}
      : {
          answered: {
            state: answered.state,
            agree: answered.agree,
            of: answered.of,
            ...(answered.reason === undefined ? {} : { reason: answered.reason }),
          },
        }),
  };
}

function zoneFileLines({ name, type, wanted }: DomainRecord): readonly string[] {
  if (name === undefined || type === undefined || wanted === undefined) return [];
  const ttl = wanted.ttl ?? defaultTtl;
  const written = (value: string): string => {
    if (type === "TXT") return encodeText(value);
    return type === "CNAME" && !value.endsWith(".") ? `${value}.` : value;
  };
  return wanted.values.map((value) => `${name}. ${ttl} IN ${type} ${written(value)}`);
}

function probeView({ address, certificate, https, http }: HostProbe): ProbeView {
  return {
    ...(address === undefined ? {} : { address }),
    ...(certificate === undefined
      ? {}
      : {
          certificate: {
            issuer: certificate.issuer,
            matches: certificate.matches,
            trusted: certificate.trusted,
            expires: Date.parse(certificate.expires),
            daysLeft: certificate.daysLeft,
          },
        }),
    ...(https === undefined ? {} : { https }),
    ...(http === undefined ? {} : { http }),
  };
}

function zoneView({ zone, provider, wanted, delegation, own, servers }: ZoneReport): ZoneView {
  return {
    zone,
    ...(provider === undefined ? {} : { provider }),
    ...(wanted === undefined ? {} : { wanted }),
    ...(delegation === undefined ? {} : { delegation }),
    ...(own === undefined ? {} : { own }),
    servers: servers.map(({ server, state, reason }) => ({
      server,
      state,
      ...(reason === undefined ? {} : { reason }),
    })),
  };
}

function findingView({ name, severity, message, hint }: DomainFinding): FindingView {
  return { name, severity, message, ...(hint === undefined ? {} : { hint }) };
}
