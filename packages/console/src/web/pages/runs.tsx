import { useSignalEffect } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import type { Run } from "../../shared/run-types.js";
import {
  Code,
  Empty,
  ErrorNotice,
  Loading,
  Notice,
  Page,
  type PageProps,
  RelativeTime,
} from "../components/index.js";
import { plain } from "../parts/plain.js";
import { RunView } from "../parts/run-view.js";
import { followRuns } from "../parts/runs-model.js";
import { RunBadge } from "../parts/states.js";
import { Link, place } from "../router.js";
import "../parts/parts.css";

/** Runs of `up` and its like from anybody's terminal or CI: the one under way as it goes, and those before. */
export default function RunsPage({ params }: PageProps): JSX.Element {
  const app = params.app ?? "";
  const environment = params.environment ?? "";
  const model = useMemo(() => followRuns(app, environment), [app, environment]);
  useEffect(() => () => model.close(), [model]);
  const runs = model.runs.value;
  const asked = place.value.query.get("run") ?? undefined;
  // Without a run in the address: the newest, which is the one under way where there is one.
  const shownId = asked ?? runs?.[0]?.id;
  useEffect(() => model.watch(shownId), [model, shownId]);
  useSignalEffect(() => {
    const run = model.runs.value?.find((one) => one.id === shownId);
    if (run !== undefined) document.title = `${run.operation} ${run.state} · Deploy`;
  });
  const shown = runs?.find((run) => run.id === shownId);
  return (
    <Page title="Runs" note={`${app} / ${environment}`}>
      {model.state.value === "waiting" ? (
        <Notice kind="warn" title="The connection was lost; it is opened again by itself." />
      ) : null}
      {model.state.value === "closed" ? (
        <Notice kind="bad" title="Your right to see this has ended." />
      ) : null}
      {model.error.value === undefined ? null : <ErrorNotice error={model.error.value} />}
      {runs === undefined ? (
        model.error.value === undefined ? (
          <Loading />
        ) : null
      ) : runs.length === 0 ? (
        <NoRuns />
      ) : (
        <div class="runs">
          <nav class="run-list" aria-label="Runs, newest first">
            {runs.map((run) => (
              <RunLink key={run.id} run={run} current={run.id === shownId} />
            ))}
          </nav>
          <div class="card run-card">
            {shown === undefined ? (
              <p class="muted">This run is not known here, or not any longer.</p>
            ) : (
              <RunView run={shown} progress={model.progress.value} />
            )}
          </div>
        </div>
      )}
    </Page>
  );
}

function RunLink({ run, current }: { readonly run: Run; readonly current: boolean }): JSX.Element {
  return (
    <Link
      class="run-link"
      to={`${place.value.path}?run=${encodeURIComponent(run.id)}`}
      aria-current={current ? "true" : undefined}
    >
      <span class="run-link-head">
        <strong>{plain(run.operation)}</strong>
        <RunBadge state={run.state} />
      </span>
      <span class="muted">{plain(run.by)}</span>
      <span class="muted">
        <RelativeTime at={run.startedAt} />
      </span>
    </Link>
  );
}

function NoRuns(): JSX.Element {
  return (
    <Empty title="No run was told to this console yet">
      <p>
        What is done from these pages appears here. So does every <Code>deploy up</Code> in a terminal or in
        CI that knows this console: by <Code>DEPLOY_CONSOLE_URL</Code>, which is{" "}
        <Code>{window.location.origin}</Code>, and <Code>DEPLOY_CONSOLE_TOKEN</Code>, an API token with the
        role deployer from <Link to="/account">your account</Link>.
      </p>
    </Empty>
  );
}
