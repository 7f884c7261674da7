import type { DomainsCheck, HostProbe, RecordPropagation } from "@deploy/core";
import { describeDays, findingLines, renderDomains, section, summary } from "./domains.js";
import { neutralise } from "./neutralise.js";
import type { Style } from "./style.js";
import { renderTable } from "./table.js";

/** A check in full: the domains, every server that says something else, and what a browser meets. */
export function renderCheck(check: DomainsCheck, style: Style, width: number): string[] {
  return [
    ...renderDomains({ ...check, findings: [] }, style, width).slice(0, -2),
    ...section(serverTable(check, style, width)),
    ...section(hostTable(check.hosts, style, width)),
    ...section(findingLines(check.findings, style, width)),
    ...section([summary(check)]),
  ];
}

/** Server by server, for the records that are not answered by all of them. */
function serverTable({ domains, proofs }: DomainsCheck, style: Style, width: number): string[] {
  const records = [...domains.flatMap((domain) => domain.records), ...proofs].flatMap(
    ({ answered }) => answered ?? [],
  );
  const open = records.filter(({ state }) => state === "partly" || state === "nowhere");
  if (open.length === 0) return [];
  const columns = [
    { title: "RECORD", importance: 8 },
    { title: "NAME SERVER", importance: 7 },
    { title: "ADDRESS", importance: 3 },
    { title: "STATE", importance: 10 },
    { title: "SAYS", importance: 6 },
    { title: "TTL", align: "right", importance: 2 },
  ] as const;
  return renderTable(columns, open.flatMap(serverRows), width, style);
}

function serverRows({ name, type, servers }: RecordPropagation): string[][] {
  return servers.map((one, index) => [
    index === 0 ? `${neutralise(name)} ${type}` : "",
    neutralise(one.server),
    one.address,
    one.state,
    neutralise(
      one.reason === undefined ? one.values.join(", ") : `${one.values.join(", ")} (${one.reason})`.trim(),
    ),
    one.ttl === undefined ? "" : `${one.ttl} s`,
  ]);
}

function hostTable(hosts: readonly HostProbe[], style: Style, width: number): string[] {
  if (hosts.length === 0) return [];
  const columns = [
    { title: "HOST", importance: 10 },
    { title: "ADDRESS", importance: 3 },
    { title: "CERTIFICATE", importance: 7 },
    { title: "HTTPS", importance: 8 },
    { title: "HTTP", importance: 5 },
  ] as const;
  const rows = hosts.map(({ host, address = "", certificate, https, http }) => [
    host,
    address,
    certificate === undefined
      ? "no TLS"
      : [
          neutralise(certificate.issuer),
          describeDays(certificate.daysLeft),
          ...(certificate.matches ? [] : ["other name"]),
          ...(certificate.trusted ? [] : ["not trusted"]),
        ].join(", "),
    describeAnswer(https),
    describeAnswer(http),
  ]);
  return renderTable(columns, rows, width, style);
}

function describeAnswer(answer: HostProbe["https"]): string {
  if (answer === undefined) return "no answer";
  return answer.location === undefined
    ? `${answer.status}`
    : `${answer.status} → ${neutralise(answer.location)}`;
}
