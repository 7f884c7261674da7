import type { JSX } from "preact";
import type { AllDomains, DomainsView, EnvironmentDomains } from "../../shared/app-types.js";
import { Empty, Loaded, Page, RelativeTime, Table } from "../components/index.js";
import { Findings } from "../parts/domains-view.js";
import { everyUnlessUnseen } from "../parts/every-unless-unseen.js";
import { PartSection } from "../parts/part-view.js";
import { plain } from "../parts/plain.js";
import { CertificateBadge, DomainBadge } from "../parts/states.js";
import { Link, pageOf } from "../router.js";
import { useResource } from "../use-resource.js";
import "../parts/parts.css";

/** The domains of every app: what is wrong first, then all of them with the days their certificates are good for. */
export default function AllDomainsPage(): JSX.Element {
  const domains = useResource<AllDomains>("/api/domains", {
    every: (seen) =>
      everyUnlessUnseen(
        30_000,
        (seen?.environments ?? []).map((one) => one.domains),
      ),
  });
  return (
    <Page
      title="Domains and certificates"
      note={domains.data === undefined ? undefined : "every app you may see"}
    >
      <Loaded resource={domains}>
        {(data) => {
          const shown = data.environments.filter(
            ({ domains: part }) =>
              part.value === undefined || part.value.domains.length > 0 || part.value.findings.length > 0,
          );
          return shown.length === 0 ? (
            <Empty title="No app declares a domain" />
          ) : (
            shown.map((one) => <OfEnvironment key={`${one.app} ${one.environment}`} one={one} />)
          );
        }}
      </Loaded>
    </Page>
  );
}

function OfEnvironment({ one }: { readonly one: EnvironmentDomains }): JSX.Element {
  const id = `domains-${one.app}-${one.environment}`;
  return (
    <section class="stack" aria-labelledby={id}>
      <div class="section-head">
        <h2 id={id}>
          <Link to={pageOf(one.app, one.environment, "domains")}>
            {one.app} / {one.environment}
          </Link>
        </h2>
        {one.domains.value === undefined ? null : <DomainBadge state={one.domains.value.state} />}
        {one.domains.at === undefined ? null : (
          <span class="muted">
            seen <RelativeTime at={one.domains.at} />
          </span>
        )}
      </div>
      <PartSection part={one.domains} what="domains">
        {(view) => <Hosts view={view} caption={`Domains of ${one.app} / ${one.environment}`} />}
      </PartSection>
    </section>
  );
}

function Hosts(props: { readonly view: DomainsView; readonly caption: string }): JSX.Element {
  const { view, caption } = props;
  return (
    <>
      <Findings findings={view.findings.filter((finding) => finding.severity === "problem")} />
      <Table
        caption={caption}
        rows={view.domains}
        keyOf={(domain) => domain.host}
        columns={[
          { key: "host", title: "Host", cell: (domain) => plain(domain.host) },
          {
            key: "leads",
            title: "Leads to",
            cell: ({ leadsTo }) => ("process" in leadsTo ? leadsTo.process : `→ ${plain(leadsTo.redirect)}`),
          },
          { key: "state", title: "State", cell: (domain) => <DomainBadge state={domain.state} /> },
          {
            key: "certificate",
            title: "Certificate",
            cell: (domain) =>
              domain.certificate === undefined ? (
                <span class="muted">none</span>
              ) : (
                <CertificateBadge certificate={domain.certificate} />
              ),
          },
          {
            key: "dns",
            title: "Records",
            cell: (domain) => (domain.provider === undefined ? "by hand" : `at ${plain(domain.provider)}`),
          },
        ]}
      />
    </>
  );
}
