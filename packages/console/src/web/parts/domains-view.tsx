import type { JSX } from "preact";
import type {
  CertificateView,
  DomainsView,
  DomainView,
  FindingView,
  ProbeView,
  ZoneView,
} from "../../shared/app-types.js";
import { Code, CopyButton, Dot, Empty, Notice, RelativeTime, Table } from "../components/index.js";
import { daysLeftWords } from "./days-left.js";
import { Records } from "./dns-records.js";
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
