import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { EnvironmentOverview, Overview } from "../../shared/app-types.js";
import { environmentPath, post } from "../api.js";
import { Button, Dot, Empty, Loaded, Notice, Page, RelativeTime } from "../components/index.js";
import { AppSection } from "../parts/app-section.js";
import { attention } from "../parts/attention.js";
import { CostDialog } from "../parts/cost.js";
import { everyUnlessUnseen } from "../parts/every-unless-unseen.js";
import { plain } from "../parts/plain.js";
import { useAction } from "../parts/use-action.js";
import { Link, pageOf } from "../router.js";
import { me, rememberEnvironments } from "../session.js";
import { useResource } from "../use-resource.js";
import "../parts/parts.css";

/** Every app in every environment: what runs, what is wrong, who deploys. */
export default function OverviewPage(): JSX.Element {
  const overview = useResource<Overview>("/api/overview", {
    every: (seen) =>
      everyUnlessUnseen(
        10_000,
        (seen?.environments ?? []).flatMap((one) => [one.service, one.lastDeploy, one.domains]),
      ),
  });
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
              <Notice key={`${problem.place} ${problem.message}`} kind="bad" title={plain(problem.message)}>
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
