import type {
  CertificateReport,
  DomainFinding,
  DomainRecord,
  DomainReport,
  DomainsStatus,
  ZoneReport,
} from "@deploy/core";
import { readableName } from "@deploy/core";
import { neutralise } from "./neutralise.js";
import type { Style } from "./style.js";
import { renderTable } from "./table.js";
import { wrapWords } from "./width.js";

/** Every domain of an environment, its zones, and what is wrong; lines of at most `width` cells. */
export function renderDomains(status: DomainsStatus, style: Style, width: number): string[] {
  return [
    `${style.bold(status.app)} in ${style.bold(status.environment)}`,
    "",
    ...domainTable(status, style, width),
    ...section(proofTable(status.proofs, style, width)),
    ...section(zoneTable(status.zones, style, width)),
    ...section(findingLines(status.findings, style, width)),
    ...section([summary(status)]),
  ];
}

/** Lines with an empty one in front, where there are any. */
export function section(lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ["", ...lines];
}

/** How many domains are in order, in one sentence. */
export function summary({ domains }: Pick<DomainsStatus, "domains">): string {
  const count = (state: DomainReport["state"]): number => domains.filter((one) => one.state === state).length;
  const parts = [
    [count("ok"), "in order"],
    [count("changing"), "on the way"],
    [count("wrong"), "not in order"],
  ] as const;
  return `${parts.flatMap(([number, words]) => (number === 0 ? [] : [`${number} ${words}`])).join(", ")}.`;
}

function domainTable({ domains }: DomainsStatus, style: Style, width: number): string[] {
  const columns = [
    { title: "DOMAIN", importance: 10 },
    { title: "LEADS TO", importance: 4 },
    { title: "RECORD", importance: 8 },
    { title: "HELD", importance: 7 },
    { title: "ANSWERED", importance: 6 },
    { title: "CERTIFICATE", importance: 5 },
    { title: "AT", importance: 2 },
  ] as const;
  const rows = domains.flatMap((domain) => {
    const [first, ...more] = domain.records;
    const leadsTo = "process" in domain.leadsTo ? domain.leadsTo.process : `→ ${domain.leadsTo.redirect}`;
    const certificate =
      domain.certificate === undefined
        ? neutralise(domain.ingress?.certificate ?? "")
        : describeCertificate(domain.certificate);
    const head = [
      spelledHost(domain.host),
      leadsTo,
      ...recordCells(first),
      certificate,
      domain.provider ?? "",
    ];
    return [head, ...more.map((record) => ["", "", ...recordCells(record), "", ""])];
  });
  return renderTable(columns, rows, width, style);
}

/** A name in its own letters, with how DNS spells it where that differs. */
function spelledHost(host: string): string {
  const readable = readableName(host);
  return readable === host ? host : `${neutralise(readable)} (${host})`;
}

function recordCells(record: DomainRecord | undefined): [record: string, held: string, answered: string] {
  if (record === undefined) return ["none needed", "", ""];
  const { wanted, type = "", held, changes, answered } = record;
  const says = neutralise(wanted?.values.join(", ") ?? "not known yet");
  const state = held === "ours" && changes.length > 0 ? "to change" : held;
  return [`${type} ${says}`.trim(), state, answered === undefined ? "" : describeAnswered(answered)];
}

function describeAnswered({ state, agree, of }: NonNullable<DomainRecord["answered"]>): string {
  return state === "unknown" ? "unknown" : `${agree} of ${of}`;
}

function proofTable(proofs: readonly DomainRecord[], style: Style, width: number): string[] {
  if (proofs.length === 0) return [];
  const columns = [
    { title: "VALIDATION RECORD", importance: 10 },
    { title: "SAYS", importance: 4 },
    { title: "HELD", importance: 7 },
    { title: "ANSWERED", importance: 6 },
  ] as const;
  const rows = proofs.map((proof) => [neutralise(proof.name ?? "not known yet"), ...recordCells(proof)]);
  return renderTable(columns, rows, width, style);
}

function zoneTable(zones: readonly ZoneReport[], style: Style, width: number): string[] {
  if (zones.length === 0) return [];
  const columns = [
    { title: "ZONE", importance: 10 },
    { title: "HELD AT", importance: 6 },
    { title: "DELEGATED TO", importance: 4 },
    { title: "SERVERS", importance: 8 },
  ] as const;
  const rows = zones.map(({ zone, provider, delegation, own, servers }) => {
    const reachable = servers.filter(({ state }) => state !== "unreachable");
    const answering = reachable.filter(({ state }) => state === "answers");
    return [
      neutralise(zone),
      provider ?? "elsewhere",
      neutralise((delegation ?? own ?? []).join(", ")),
      `${answering.length} of ${reachable.length} answer`,
    ];
  });
  return renderTable(columns, rows, width, style);
}

/** `issued by Amazon, 59 days left`. */
function describeCertificate(certificate: CertificateReport): string {
  const { state, issuer, daysLeft, renewal } = certificate;
  const left = daysLeft === undefined ? "" : `, ${describeDays(daysLeft)}`;
  const how = renewal === undefined ? "" : `, ${neutralise(renewal)}`;
  return `${state}${left}, ${neutralise(issuer)}${how}`;
}

/** `59 days left`, `expired`. */
export function describeDays(days: number): string {
  if (days < 0) return "expired";
  return days === 1 ? "1 day left" : `${days} days left`;
}

/** What is not in order, each with what to do. */
export function findingLines(findings: readonly DomainFinding[], style: Style, width: number): string[] {
  const columns = Math.min(width, 120) - 3;
  return findings.flatMap(({ name, severity, message, hint }) => {
    const sign = severity === "problem" ? style.red("✖") : style.yellow("!");
    const [first = "", ...rest] = wrapWords(
      `${style.bold(neutralise(name))}: ${neutralise(message)}`,
      columns,
    );
    const advice = hint === undefined ? [] : wrapWords(neutralise(hint), columns);
    return [
      `${sign} ${first}`,
      ...rest.map((line) => `  ${line}`),
      ...advice.map((line) => `  ${style.dim(line)}`),
    ];
  });
}
