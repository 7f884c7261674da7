import { normaliseName } from "../elements/dns-values.js";
import { findZone } from "../elements/dns-zone-index.js";
import type { RecordPropagation } from "../elements/propagation.js";
import type { DomainFinding } from "../elements/traffic.js";
import type { DomainsLook } from "./domains-look.js";
import type { CertificateReport, DomainRecord, ZoneReport } from "./domains-types.js";
import { leadsHere } from "./domains-zones.js";

/**
 * Certificates that are renewed in time never have less: Heroku renews a month before the end, AWS 60 days before, and
 * a client of Let's Encrypt after two thirds of 45 days at the latest.
 */
export const fewDays = 14;

const problem = (name: string, message: string, hint?: string): DomainFinding => ({
  ...{ name, severity: "problem", message },
  ...(hint === undefined ? {} : { hint }),
});

/**
 * What is not as it should be, each with what to do; problems first.
 *
 * @param options.strict what cannot be told is a problem, too: for whoever wants to know for certain.
 */
export function judgeDomains(
  look: DomainsLook,
  options: { readonly strict?: boolean } = {},
): readonly DomainFinding[] {
  const doubt = options.strict === true ? "problem" : "note";
  const findings = [
    ...look.findings,
    ...look.records.flatMap((record) => (isLost(look, record) ? [] : recordFindings(record, doubt))),
    ...lostFindings(look, doubt),
    ...look.zones.flatMap((zone) => zoneFindings(zone)),
    ...strayZones(look),
    ...look.ingress.flatMap(({ host, problem: said }) => (said === undefined ? [] : [problem(host, said)])),
    ...look.certificates.flatMap((certificate) => certificateFindings(certificate)),
  ];
  return sorted(findings);
}

/** Problems in front of notes; what is said twice is said once. */
export function sorted(findings: readonly DomainFinding[]): readonly DomainFinding[] {
  const once = new Map(findings.map((one) => [`${one.name} ${one.message}`, one]));
  return [...once.values()].sort(
    (one, other) => Number(one.severity === "note") - Number(other.severity === "note"),
  );
}

/** Of a record whose zone cannot be found, that alone is told, once. */
function isLost({ lost }: DomainsLook, { held, changes, answered }: DomainRecord): boolean {
  if (held !== "by hand" && (held !== "ours" || changes.length > 0)) return false;
  return answered?.state === "unknown" && Object.values(lost).some((reason) => reason === answered.reason);
}

type Severity = DomainFinding["severity"];

function recordFindings(record: DomainRecord, doubt: Severity): readonly DomainFinding[] {
  const { id, held, owner = "", answered, use, changes } = record;
  const name = record.name ?? id;
  const what =
    use === "proof" ? "The validation record" : `The ${record.type ?? ""} record`.replace("  ", " ");
  switch (held) {
    case "unknown":
      return [problem(name, `Its record could not be read: ${owner}`)];
    case "foreign":
      return [
        problem(name, `In the way: ${owner}.`, `Remove it by hand, or take it over with --adopt ${id}.`),
      ];
    case "missing":
      return [problem(name, `${what} is not there.`, "Make it with `deploy up`.")];
    case "by hand":
      return byHandFindings(record, name, doubt);
    case "ours":
      if (changes.length > 0) {
        return [
          problem(name, `${what} is not what it should be.`, "See `deploy domains diff`, then `deploy up`."),
        ];
      }
      return answered === undefined ? [] : propagationFindings(name, answered, doubt);
  }
}

/** Without a DNS provider the name servers are the only ones who can tell whether somebody has made it. */
function byHandFindings(
  { answered, wanted, type }: DomainRecord,
  name: string,
  doubt: Severity,
): readonly DomainFinding[] {
  if (wanted === undefined || answered === undefined || answered.state === "everywhere") return [];
  const says = `${name} ${type} ${wanted.values.join(", ")}`;
  if (answered.state === "unknown") return propagationFindings(name, answered, doubt);
  return answered.state === "nowhere"
    ? [problem(name, `No name server answers with ${says}.`, "Make that record at whoever holds the domain.")]
    : propagationFindings(name, answered, doubt);
}

function propagationFindings(
  name: string,
  answered: RecordPropagation,
  doubt: Severity,
): readonly DomainFinding[] {
  const { state, agree, of, type, reason = "" } = answered;
  if (state === "everywhere") return [];
  if (state === "unknown") {
    return [{ name, severity: doubt, message: `Whether ${type} is answered cannot be told: ${reason}.` }];
  }
  const others = answered.servers.filter((one) => one.state !== "agrees" && one.state !== "unreachable");
  const who = others.map((one) => `${one.server} ${describeAnswer(one)}`).join("; ");
  return [
    problem(
      name,
      `${agree} of ${of} name servers answer with the ${type} record as it is: ${who}.`,
      "Wait for them: `deploy domains check --wait`.",
    ),
  ];
}

/** What a server says instead, in a few words. */
export function describeAnswer({ state, values, reason }: RecordPropagation["servers"][number]): string {
  switch (state) {
    case "agrees":
      return "agrees";
    case "missing":
      return "has nothing";
    case "differs":
      return `says ${values.join(", ")}`;
    case "behind":
      return `is behind${values.length === 0 ? "" : ` with ${values.join(", ")}`}`;
    default:
      return `is ${state}${reason === undefined ? "" : ` (${reason})`}`;
  }
}

function lostFindings({ lost }: DomainsLook, doubt: Severity): readonly DomainFinding[] {
  return Object.entries(lost).map(([host, reason]) => {
    if (reason === leadsHere) return { name: host, severity: "note", message: `It needs no DNS: ${reason}.` };
    return {
      name: host,
      severity: doubt,
      message: `Its name servers cannot be found: ${reason}.`,
      hint: "Register the domain, or name resolvers of your network in DEPLOY_RESOLVERS.",
    };
  });
}

/** The zone that the vendor holds has to be the one that the world is led to. */
function strayZones({ routes, held, zones, dns, lost }: DomainsLook): readonly DomainFinding[] {
  if (dns === undefined) return [];
  const seen = new Map(
    routes.flatMap(({ host }) => {
      const ours = findZone(held, host);
      const answering = findZone(
        zones.map(({ zone }) => zone),
        host,
      );
      return ours === undefined || answering === undefined || ours === answering || host in lost
        ? []
        : [[`${ours} ${answering}`, { ours, answering }] as const];
    }),
  );
  return [...seen.values()].map(({ ours, answering }) =>
    answering.length > ours.length
      ? problem(
          answering,
          `It is delegated to other servers: what ${dns.name} holds below ${ours} is not asked for.`,
          `Remove the NS records of ${answering} in ${ours}, or use the provider that holds ${answering}.`,
        )
      : problem(
          ours,
          `${answering} does not delegate it: nobody is led to what ${dns.name} holds.`,
          `Enter the name servers of ${dns.name} for ${ours} at the registrar, or in ${answering}.`,
        ),
  );
}

function zoneFindings({
  zone,
  provider,
  wanted,
  delegation,
  own,
  servers,
}: ZoneReport): readonly DomainFinding[] {
  const findings: DomainFinding[] = [];
  const list = (names: readonly string[]): string => names.join(", ");
  if (wanted !== undefined && delegation !== undefined && !sameNames(wanted, delegation)) {
    findings.push(
      problem(
        zone,
        `The zone above leads to ${list(delegation)}; ${provider} answers at ${list(wanted)}.`,
        `Enter ${list(wanted)} as name servers at the registrar of ${zone}.`,
      ),
    );
  } else if (delegation !== undefined && own !== undefined && !sameNames(own, delegation)) {
    const message = `The zone above leads to ${list(delegation)}; the zone itself names ${list(own)}.`;
    findings.push({ name: zone, severity: "note", message, hint: "Make the two lists the same." });
  }
  for (const { server, address, state, reason = "" } of servers) {
    if (state !== "lame" && state !== "silent") continue;
    const at = address === "" ? "" : ` (${address})`;
    findings.push(
      problem(
        zone,
        `The name server ${server}${at} does not answer for it: ${reason}.`,
        "Take it off the list of name servers, or have its operator set it right.",
      ),
    );
  }
  return findings;
}

function sameNames(one: readonly string[], other: readonly string[]): boolean {
  const names = new Set(one.map(normaliseName));
  return names.size === new Set(other).size && other.every((name) => names.has(normaliseName(name)));
}

function certificateFindings(certificate: CertificateReport): readonly DomainFinding[] {
  const { hosts, state, issuer, problem: said, daysLeft } = certificate;
  const name = hosts[0] ?? issuer;
  const because = said === undefined ? "." : `: ${said}`;
  if (state === "failed") return [problem(name, `${issuer} does not issue its certificate${because}`)];
  if (state === "pending") return [problem(name, `${issuer} has not issued its certificate yet${because}`)];
  if (daysLeft !== undefined && daysLeft < 0) return [problem(name, `Its certificate has expired${because}`)];
  if (said !== undefined) return [problem(name, `Its certificate will not be renewed: ${said}`)];
  if (daysLeft === undefined || daysLeft > fewDays) return [];
  return [problem(name, `Its certificate is good for ${daysLeft} more days only, and is not renewed yet.`)];
}
