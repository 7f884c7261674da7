import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { EnvironmentOverview, Overview } from "../../shared/app-types.js";
import { environmentPath, post } from "../api.js";
import { Badge, Button, Dot, Empty, Loaded, Notice, Page, RelativeTime, Table } from "../components/index.js";
import { attention } from "../parts/attention.js";
import { CostDialog, costWords } from "../parts/cost.js";
import { PartCell } from "../parts/part-view.js";
import { plain } from "../parts/plain.js";
import { CertificateBadge, DomainBadge, HealthState, ReleaseBadge } from "../parts/states.js";
import { shortCommit } from "../parts/units.js";
import { useAction } from "../parts/use-action.js";
import { Link, pageOf } from "../router.js";
import { me, rememberEnvironments } from "../session.js";
import { useResource } from "../use-resource.js";
import "../parts/parts.css";

/** Every app in every environment: what runs, what is wrong, who deploys. */
export default function OverviewPage(): JSX.Element {
  const overview = useResource<Overview>("/api/overview", { every: 10_000 });
  const [costOf, setCostOf] = useState<EnvironmentOverview>();
  const { data } = overview;
  useEffect(() => {
    if (data !== undefined) rememberEnvironments(data);
  }, [data]);
  return (
    <Page
      title="Overview"
      note={data === undefined ? undefined : <Ages environments={data.environments} />}
      actions={
        data === undefined || data.environments.length === 0 ? undefined : (
          <LookAgain environments={data.environments} onDone={overview.reload} />
        )
      }
    >
      <Loaded resource={overview}>
        {(seen) => (
          <>
            {seen.problems.map((problem) => (
              <Notice key={problem.place} kind="bad" title={plain(problem.message)}>
                <p class="mono">{plain(problem.place)}</p>
                {problem.hint === undefined ? null : <p>{plain(problem.hint)}</p>}
              </Notice>
            ))}
            {seen.environments.length === 0 ? <NoApps /> : null}
            <UnderWay environments={seen.environments} />
            <NeedsAttention environments={seen.environments} />
            {[...new Set(seen.environments.map((one) => one.app))].map((app) => (
              <AppSection
                key={app}
                app={app}
                environments={seen.environments.filter((one) => one.app === app)}
                onCost={setCostOf}
              />
            ))}
            {seen.patterns.map((pattern) => (
              <p key={`${pattern.app} ${pattern.pattern}`} class="muted">
                {pattern.app} / {plain(pattern.pattern)}: {plain(pattern.reason)}
              </p>
            ))}
          </>
        )}
      </Loaded>
      {costOf === undefined ? null : <CostDialog of={costOf} onClose={() => setCostOf(undefined)} />}
    </Page>
  );
}

function NoApps(): JSX.Element {
  return me.value?.everywhere === undefined && me.value?.apps.length === 0 ? (
    <Empty title="You have no role for any app yet">
      Ask whoever manages the app: the page about its access gives you one.
    </Empty>
  ) : (
    <Empty title="There is no app here yet">
      The console shows the apps of the configuration files it was started with: start it where a
      deploy.config.ts is, or name the files.
    </Empty>
  );
}

function UnderWay({
  environments,
}: {
  readonly environments: readonly EnvironmentOverview[];
}): JSX.Element | null {
  const going = environments.filter((one) => one.run !== undefined || one.service.value?.lock !== undefined);
  if (going.length === 0) return null;
  return (
    <section class="under-way" aria-label="Under way">
      {going.map((one) => {
        const lock = one.service.value?.lock;
        return (
          <p key={`${one.app} ${one.environment}`}>
            <Dot kind="info" pulse />
            <span>
              <strong>{plain(one.run?.by ?? lock?.by ?? "")}</strong> runs{" "}
              {plain(one.run?.operation ?? lock?.operation ?? "")} on {one.app} / {one.environment}, begun{" "}
              <RelativeTime at={one.run?.startedAt ?? lock?.since ?? Number.NaN} />
            </span>
            {one.run === undefined ? null : (
              <Link
                class="watch"
                to={`${pageOf(one.app, one.environment, "runs")}?run=${encodeURIComponent(one.run.id)}`}
              >
                Watch
              </Link>
            )}
          </p>
        );
      })}
    </section>
  );
}

function NeedsAttention(props: {
  readonly environments: readonly EnvironmentOverview[];
}): JSX.Element | null {
  const found = attention(props.environments);
  if (found.length === 0) return null;
  return (
    <section class="stack" aria-labelledby="attention">
      <h2 id="attention">Needs attention</h2>
      <ul class="attention">
        {found.map((one) => (
          <li key={`${one.app} ${one.environment} ${one.page} ${one.text}`}>
            <Dot kind={one.kind} />
            <Link to={pageOf(one.app, one.environment, one.page)}>
              {one.app} / {one.environment}
            </Link>
            <span>{plain(one.text)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function AppSection(props: {
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

/** How old the oldest figure of what runs is. */
function Ages({
  environments,
}: {
  readonly environments: readonly EnvironmentOverview[];
}): JSX.Element | null {
  const times = environments.flatMap((one) => (one.service.at === undefined ? [] : [one.service.at]));
  if (times.length === 0) return null;
  return (
    <>
      figures seen <RelativeTime at={Math.min(...times)} />
    </>
  );
}

function LookAgain(props: {
  readonly environments: readonly EnvironmentOverview[];
  onDone(): void;
}): JSX.Element {
  const { busy, run } = useAction();
  return (
    <Button
      busy={busy}
      onClick={() =>
        void run(async () => {
          await Promise.allSettled(
            props.environments.map((one) => post(environmentPath(one.app, one.environment, "refresh"))),
          );
          props.onDone();
        })
      }
    >
      Look again
    </Button>
  );
}
