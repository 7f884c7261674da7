import type { JSX } from "preact";
import type { EnvironmentOverview } from "../../shared/app-types.js";
import { Badge, RelativeTime, Table } from "../components/index.js";
import { Link, pageOf } from "../router.js";
import { costWords } from "./cost.js";
import { PartCell } from "./part-view.js";
import { plain } from "./plain.js";
import { CertificateBadge, DomainBadge, HealthState, ReleaseBadge } from "./states.js";
import { shortCommit } from "./units.js";

/** An app with its environments, a row each: each part with its own age and its own failure. */
export function AppSection(props: {
  readonly app: string;
  readonly environments: readonly EnvironmentOverview[];
  onCost(one: EnvironmentOverview): void;
}): JSX.Element {
  const id = `app-${props.app}`;
  return (
    <section class="stack" aria-labelledby={id}>
      <h2 id={id}>{props.app}</h2>
      <Table
        caption={`Environments of ${props.app}`}
        rows={props.environments}
        keyOf={(one) => one.environment}
        columns={[
          {
            key: "environment",
            title: "Environment",
            cell: (one) => (
              <div class="two-lines">
                <Link class="strong-link" to={pageOf(one.app, one.environment, "logs")}>
                  {one.environment}
                </Link>
                <span class="muted">
                  {plain(one.provider)}
                  {one.protected ? ", protected" : ""}
                </span>
              </div>
            ),
          },
          {
            key: "health",
            title: "Health",
            cell: (one) => (
              <PartCell part={one.service}>
                {(service) => (
                  <div class="two-lines">
                    <HealthState health={service.health} />
                    <Stale part={one.service} />
                  </div>
                )}
              </PartCell>
            ),
          },
          {
            key: "processes",
            title: "Processes",
            cell: (one) => (
              <PartCell part={one.service}>
                {(service) => (
                  <Link class="quiet-link" to={pageOf(one.app, one.environment, "processes")}>
                    {service.processes.length === 0
                      ? "–"
                      : service.processes.map((process) => (
                          <span key={process.name} class="process-count">
                            {process.name} {process.running}/{process.desired}
                          </span>
                        ))}
                  </Link>
                )}
              </PartCell>
            ),
          },
          { key: "deploy", title: "Last release", cell: (one) => <LastDeploy one={one} /> },
          { key: "domains", title: "Domains", cell: (one) => <Domains one={one} /> },
          {
            key: "cost",
            title: "Per month",
            align: "end",
            cell: (one) => (
              <PartCell part={one.cost}>
                {(cost) => (
                  <button type="button" class="link-button" onClick={() => props.onCost(one)}>
                    {costWords(cost)}
                    <span class="visually-hidden"> for {one.environment}: details</span>
                  </button>
                )}
              </PartCell>
            ),
          },
        ]}
      />
    </section>
  );
}

function LastDeploy({ one }: { readonly one: EnvironmentOverview }): JSX.Element {
  return (
    <PartCell part={one.lastDeploy}>
      {(deploy) =>
        deploy === null ? (
          <span class="muted">none yet</span>
        ) : (
          <div class="two-lines">
            <span class="row">
              <Link class="quiet-link" to={pageOf(one.app, one.environment, "releases")}>
                {deploy.release}
                {deploy.message === undefined ? "" : ` · ${plain(deploy.message)}`}
              </Link>
              {deploy.state === "active" ? null : <ReleaseBadge state={deploy.state} />}
            </span>
            <span class="muted">
              <RelativeTime at={deploy.at} /> by {plain(deploy.author)}
              {deploy.commit === undefined ? null : (
                <>
                  , <span class="mono">{shortCommit(plain(deploy.commit))}</span>
                </>
              )}
            </span>
          </div>
        )
      }
    </PartCell>
  );
}

const SHOWN_HOSTS = 3;

function Domains({ one }: { readonly one: EnvironmentOverview }): JSX.Element {
  return (
    <PartCell part={one.domains}>
      {(domains) =>
        domains.hosts.length === 0 ? (
          <Addresses one={one} />
        ) : (
          <ul class="plain-list">
            {domains.hosts.slice(0, SHOWN_HOSTS).map((host) => (
              <li key={host.host} class="host">
                <Link class="quiet-link" to={pageOf(one.app, one.environment, "domains")}>
                  {plain(host.host)}
                </Link>
                {host.state === "ok" ? null : <DomainBadge state={host.state} />}
                {host.certificate === undefined ? null : <CertificateBadge certificate={host.certificate} />}
              </li>
            ))}
            {domains.hosts.length > SHOWN_HOSTS ? (
              <li class="muted">and {domains.hosts.length - SHOWN_HOSTS} more</li>
            ) : null}
          </ul>
        )
      }
    </PartCell>
  );
}

/** Where it answers without a domain of its own. */
function Addresses({ one }: { readonly one: EnvironmentOverview }): JSX.Element {
  const urls = (one.service.value?.urls ?? []).filter((url) => /^https?:\/\//.test(url));
  if (urls.length === 0) return <span class="muted">none</span>;
  return (
    <>
      {urls.map((url) => (
        <a key={url} href={url} target="_blank" rel="noreferrer noopener">
          {plain(url.replace(/^https?:\/\//, "").replace(/\/$/, ""))}
        </a>
      ))}
    </>
  );
}

function Stale({ part }: { readonly part: EnvironmentOverview["service"] }): JSX.Element | null {
  if (!part.stale || part.at === undefined) return null;
  return (
    <Badge kind="warn">
      seen <RelativeTime at={part.at} />
    </Badge>
  );
}
