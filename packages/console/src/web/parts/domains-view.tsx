import type { JSX } from "preact";
import type {
  CertificateView,
  DomainsView,
  DomainView,
  FindingView,
  ProbeView,
  RecordView,
  ZoneView,
} from "../../shared/app-types.js";
import {
  Badge,
  Code,
  CopyButton,
  Dot,
  Empty,
  type Kind,
  Notice,
  RelativeTime,
  Table,
} from "../components/index.js";
import { daysLeftWords } from "./days-left.js";
import { plain } from "./plain.js";
import { CertificateBadge, DomainBadge } from "./states.js";
import { listed } from "./units.js";

/** Everything about the domains of an environment: findings first. */
export function DomainsInFull({ view }: { readonly view: DomainsView }): JSX.Element {
  if (view.domains.length === 0 && view.findings.length === 0) {
    return (
      <Empty title="This environment declares no domain">
        Name them under <Code>domains</Code> in the app's file; the next deployment makes records and
        certificate.
      </Empty>
    );
  }
  const named = new Set(view.domains.map((domain) => domain.host));
  const general = view.findings.filter((finding) => !named.has(finding.name));
  return (
    <>
      <Findings findings={general} />
      {view.domains.map((domain) => (
        <DomainCard key={domain.host} domain={domain} />
      ))}
      {view.byHand.length === 0 ? null : (
        <section class="stack" aria-labelledby="by-hand">
          <div class="section-head">
            <h2 id="by-hand">To be entered by hand</h2>
            <span class="section-actions">
              <CopyButton text={view.byHand.join("\n")} />
            </span>
          </div>
          <p class="muted">No DNS provider is declared. Enter these where your domain's records are.</p>
          <pre class="code-block wrapped">{view.byHand.map(plain).join("\n")}</pre>
        </section>
      )}
      {view.proofs.length === 0 ? null : (
        <section class="stack" aria-labelledby="proofs">
          <h2 id="proofs">Records that prove hosts to the issuer</h2>
          <Records records={view.proofs} caption="Records that prove hosts to the issuer" />
        </section>
      )}
      {view.certificates.length === 0 ? null : <Certificates certificates={view.certificates} />}
      {view.zones.length === 0 ? null : <Zones zones={view.zones} />}
    </>
  );
}

/** What is wrong, or worth knowing, each with what to do. */
export function Findings({ findings }: { readonly findings: readonly FindingView[] }): JSX.Element {
  return (
    <>
      {findings.map((finding) => (
        <Notice
          key={`${finding.name} ${finding.message}`}
          kind={finding.severity === "problem" ? "bad" : "info"}
          title={`${plain(finding.name)}: ${plain(finding.message)}`}
        >
          {finding.hint === undefined ? undefined : plain(finding.hint)}
        </Notice>
      ))}
    </>
  );
}

function DomainCard({ domain }: { readonly domain: DomainView }): JSX.Element {
  const id = `domain-${domain.host}`;
  return (
    <section class="card stack" aria-labelledby={id}>
      <div class="section-head">
        <h2 id={id}>
          <a href={`https://${domain.host}/`} target="_blank" rel="noreferrer noopener">
            {plain(domain.host)}
          </a>
        </h2>
        <DomainBadge state={domain.state} />
        {domain.certificate === undefined ? null : <CertificateBadge certificate={domain.certificate} />}
        <span class="muted">
          {"process" in domain.leadsTo
            ? `leads to ${domain.leadsTo.process}`
            : `redirects to ${plain(domain.leadsTo.redirect)}`}
          {domain.zone === undefined ? "" : `, zone ${plain(domain.zone)}`}
          {domain.provider === undefined ? ", records by hand" : ` at ${plain(domain.provider)}`}
        </span>
      </div>
      <Findings findings={domain.findings} />
      {domain.ingress?.problem === undefined ? null : (
        <Notice kind="bad">{plain(domain.ingress.problem)}</Notice>
      )}
      <Records records={domain.records} caption={`Records of ${domain.host}`} />
      <dl class="facts">
        {domain.ingress?.target === undefined ? null : (
          <div>
            <dt>Has to lead to</dt>
            <dd class="mono">{plain(domain.ingress.target)}</dd>
          </div>
        )}
        {domain.certificate === undefined ? null : (
          <div>
            <dt>Certificate</dt>
            <dd>
              <CertificateWords certificate={domain.certificate} />
            </dd>
          </div>
        )}
        {domain.probe === undefined ? null : (
          <div>
            <dt>From outside</dt>
            <dd>
              <Probe probe={domain.probe} />
            </dd>
          </div>
        )}
      </dl>
    </section>
  );
}

function CertificateWords({ certificate }: { readonly certificate: CertificateView }): JSX.Element {
  return (
    <>
      {plain(certificate.issuer)}
      {certificate.expires === undefined ? null : (
        <>
          , expires <RelativeTime at={certificate.expires} />
        </>
      )}
      {certificate.renewal === undefined ? null : `, ${plain(certificate.renewal)}`}
      {certificate.source === "host" ? " (as the host shows it)" : ""}
      {certificate.problem === undefined ? null : <div class="trouble">{plain(certificate.problem)}</div>}
    </>
  );
}

function Probe({ probe }: { readonly probe: ProbeView }): JSX.Element {
  const certificate = probe.certificate;
  return (
    <ul class="plain-list">
      {probe.address === undefined ? (
        <li>no address answered</li>
      ) : (
        <li class="mono">{plain(probe.address)}</li>
      )}
      {certificate === undefined ? null : (
        <li>
          <Dot kind={certificate.matches && certificate.trusted ? "good" : "bad"} /> certificate of{" "}
          {plain(certificate.issuer)}, {daysLeftWords(certificate.daysLeft)}
          {certificate.matches ? "" : ", not for this host"}
          {certificate.trusted ? "" : ", not trusted"}
        </li>
      )}
      {probe.https === undefined ? null : <li>HTTPS answers {answer(probe.https)}</li>}
      {probe.http === undefined ? null : <li>HTTP answers {answer(probe.http)}</li>}
    </ul>
  );
}

function answer(got: { readonly status: number; readonly location?: string }): string {
  return got.location === undefined ? String(got.status) : `${got.status}, to ${plain(got.location)}`;
}

const HELD: Readonly<Record<RecordView["held"], readonly [Kind, string]>> = {
  ours: ["good", "ours"],
  foreign: ["bad", "somebody else's"],
  missing: ["bad", "missing"],
  "by hand": ["neutral", "by hand"],
  unknown: ["neutral", "not known"],
};

const ANSWERED = { everywhere: "good", partly: "info", nowhere: "bad", unknown: "neutral" } as const;

function Records(props: { readonly records: readonly RecordView[]; readonly caption: string }): JSX.Element {
  return (
    <Table
      caption={props.caption}
      rows={props.records}
      keyOf={(record) => `${record.type} ${record.name} ${record.wanted?.join(" ")}`}
      empty={<p class="muted">No record is needed.</p>}
      columns={[
        {
          key: "name",
          title: "Record",
          cell: (record) => (
            <span class="mono">
              {record.type ?? "?"} {plain(record.name ?? "not known yet")}
            </span>
          ),
        },
        { key: "wanted", title: "Wanted", cell: (record) => <Values values={record.wanted} /> },
        {
          key: "held",
          title: "At the vendor",
          cell: (record) => {
            const [kind, word] = HELD[record.held] ?? ["neutral", record.held];
            return (
              <div class="two-lines">
                <span class="row">
                  <Badge kind={kind}>{word}</Badge>
                  {record.changes ? <Badge kind="warn">the next deployment changes it</Badge> : null}
                </span>
                {record.owner === undefined ? null : <span class="muted">{plain(record.owner)}</span>}
                {record.present === undefined || same(record) ? null : <Values values={record.present} />}
              </div>
            );
          },
        },
        {
          key: "answered",
          title: "Name servers",
          cell: (record) =>
            record.answered === undefined ? (
              <span class="muted">not asked</span>
            ) : (
              <span class="state" title={plain(record.answered.reason ?? "")}>
                <Dot kind={ANSWERED[record.answered.state] ?? "neutral"} /> {record.answered.agree} of{" "}
                {record.answered.of} agree
              </span>
            ),
        },
      ]}
    />
  );
}

function same(record: RecordView): boolean {
  return record.present?.join("\n") === record.wanted?.join("\n");
}

function Values({ values }: { readonly values: readonly string[] | undefined }): JSX.Element {
  if (values === undefined) return <span class="muted">not known yet</span>;
  return (
    <ul class="plain-list mono">
      {values.map((value) => (
        <li key={value}>{plain(value)}</li>
      ))}
    </ul>
  );
}

function Certificates({ certificates }: { readonly certificates: readonly CertificateView[] }): JSX.Element {
  return (
    <section class="stack" aria-labelledby="certificates">
      <h2 id="certificates">Certificates</h2>
      <Table
        caption="Certificates"
        rows={certificates}
        keyOf={(certificate) => `${certificate.source} ${certificate.hosts.join(" ")}`}
        columns={[
          { key: "hosts", title: "Hosts", cell: (certificate) => certificate.hosts.map(plain).join(", ") },
          {
            key: "state",
            title: "State",
            cell: (certificate) => <CertificateBadge certificate={certificate} />,
          },
          {
            key: "about",
            title: "About",
            cell: (certificate) => <CertificateWords certificate={certificate} />,
          },
        ]}
      />
    </section>
  );
}

const SERVER = { answers: "good", lame: "bad", silent: "warn", unreachable: "warn" } as const;

function Zones({ zones }: { readonly zones: readonly ZoneView[] }): JSX.Element {
  return (
    <section class="stack" aria-labelledby="zones">
      <h2 id="zones">Zones</h2>
      {zones.map((zone) => (
        <details key={zone.zone} class="explained">
          <summary>
            {plain(zone.zone)}{" "}
            <span class="muted">{zone.provider === undefined ? "" : `at ${plain(zone.provider)}`}</span>
          </summary>
          <dl class="facts">
            <Servers title="The vendor answers with" names={zone.wanted} />
            <Servers title="The zone above says" names={zone.delegation} />
            <Servers title="The zone itself says" names={zone.own} />
            {zone.servers.map((server) => (
              <div key={server.server}>
                <dt class="mono">{plain(server.server)}</dt>
                <dd>
                  <Dot kind={SERVER[server.state] ?? "neutral"} /> {server.state}
                  {server.reason === undefined ? "" : `: ${plain(server.reason)}`}
                </dd>
              </div>
            ))}
          </dl>
        </details>
      ))}
    </section>
  );
}

function Servers(props: {
  readonly title: string;
  readonly names: readonly string[] | undefined;
}): JSX.Element | null {
  if (props.names === undefined) return null;
  return (
    <div>
      <dt>{props.title}</dt>
      <dd class="mono">{props.names.length === 0 ? "nothing" : listed(props.names.map(plain))}</dd>
    </div>
  );
}
