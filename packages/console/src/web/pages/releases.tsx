import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { OperationStarted, ReleaseList, ReleaseView } from "../../shared/app-types.js";
import { environmentPath, post } from "../api.js";
import {
  Badge,
  Button,
  Confirm,
  Empty,
  LinkButton,
  Loaded,
  Page,
  type PageProps,
  RelativeTime,
  Table,
} from "../components/index.js";
import { AllowedButton } from "../parts/allowed-button.js";
import { plain } from "../parts/plain.js";
import { nameToType } from "../parts/protected.js";
import { ReleaseDialog } from "../parts/release-dialog.js";
import { diffWords } from "../parts/release-diff.js";
import { ReleaseBadge } from "../parts/states.js";
import { shortCommit } from "../parts/units.js";
import { navigate, pageOf, place, setQuery } from "../router.js";
import { useResource } from "../use-resource.js";
import "../parts/parts.css";

/** The releases of an environment: what each changed, and the way back. */
export default function ReleasesPage({ params }: PageProps): JSX.Element {
  const app = params.app ?? "";
  const environment = params.environment ?? "";
  const releases = useResource<ReleaseList>(environmentPath(app, environment, "releases"), { every: 20_000 });
  const [target, setTarget] = useState<ReleaseView>();
  const shown = Number(place.value.query.get("release") ?? Number.NaN);
  const typed = nameToType(app, environment);
  return (
    <Page title="Releases" note={`${app} / ${environment}`}>
      <Loaded resource={releases}>
        {(data) => {
          const refused = data.rollback === true ? undefined : data.rollback.no;
          return (
            <Table
              caption={`Releases of ${app} / ${environment}, newest first`}
              rows={data.releases}
              keyOf={(release) => release.number}
              empty={
                <Empty title="Nothing was released here yet">
                  The first <code>deploy up</code> makes release 1; its steps can be watched under Runs.
                </Empty>
              }
              columns={[
                {
                  key: "number",
                  title: "Release",
                  narrow: true,
                  cell: (release) => (
                    <span class="row row-tight">
                      <strong>{release.number}</strong>
                      <ReleaseBadge state={release.state} />
                    </span>
                  ),
                },
                {
                  key: "what",
                  title: "What",
                  cell: (release) => (
                    <div class="two-lines">
                      <span>{title(release)}</span>
                      {release.failure === undefined ? null : (
                        <span class="trouble">{plain(release.failure)}</span>
                      )}
                      <span class="muted">{diffWords(release.diff)}</span>
                    </div>
                  ),
                },
                {
                  key: "commit",
                  title: "Commit",
                  cell: (release) =>
                    release.commit === undefined ? (
                      <span class="muted">–</span>
                    ) : (
                      <span class="row">
                        <span class="mono" title={plain(release.commit)}>
                          {shortCommit(plain(release.commit))}
                        </span>
                        {release.dirty === true ? (
                          <Badge kind="warn" title="Made from a tree with changes that were not committed">
                            dirty
                          </Badge>
                        ) : null}
                      </span>
                    ),
                },
                {
                  key: "when",
                  title: "When",
                  cell: (release) => (
                    <span>
                      <RelativeTime at={release.at} /> <span class="muted">by {plain(release.author)}</span>
                    </span>
                  ),
                },
                {
                  key: "actions",
                  title: <span class="visually-hidden">Actions</span>,
                  align: "end",
                  narrow: true,
                  cell: (release) => (
                    <span class="row row-end">
                      <LinkButton small to={`${pageOf(app, environment, "logs")}?release=${release.number}`}>
                        Logs
                      </LinkButton>
                      <Button
                        small
                        aria-label={`Details of release ${release.number}`}
                        onClick={() => setQuery({ release: String(release.number) }, { push: true })}
                      >
                        Details
                      </Button>
                      {release.state === "superseded" ? (
                        <AllowedButton
                          small
                          action="releases.rollback"
                          app={app}
                          refused={refused}
                          label={`Roll back to release ${release.number}`}
                          onClick={() => setTarget(release)}
                        >
                          Roll back
                        </AllowedButton>
                      ) : null}
                    </span>
                  ),
                },
              ]}
            />
          );
        }}
      </Loaded>
      {Number.isInteger(shown) && shown > 0 ? (
        <ReleaseDialog
          app={app}
          environment={environment}
          number={shown}
          onClose={() => setQuery({ release: undefined })}
        />
      ) : null}
      <Confirm
        open={target !== undefined}
        title={`Roll back to release ${target?.number ?? ""}?`}
        action={`Roll back to ${target?.number ?? ""}`}
        danger
        {...(typed === undefined ? {} : { typed })}
        onClose={() => setTarget(undefined)}
        onConfirm={async (confirm) => {
          const started = await post<OperationStarted>(environmentPath(app, environment, "rollback"), {
            to: target!.number,
            ...(typed === undefined ? {} : { confirm }),
          });
          navigate(`${pageOf(app, environment, "runs")}?run=${encodeURIComponent(started.runId)}`);
        }}
      >
        <p>
          {app} / {environment} is put back to what release {target?.number} was, as a new release. Data and
          migrations of the database are not taken back.
        </p>
      </Confirm>
    </Page>
  );
}

function title(release: ReleaseView): string {
  if (release.message !== undefined && release.message !== "") return plain(release.message);
  if (release.repeats !== undefined) return `Rollback to release ${release.repeats}`;
  if (release.promotedFrom !== undefined) return `Promoted from ${plain(release.promotedFrom)}`;
  return plain(release.description ?? "No message");
}
