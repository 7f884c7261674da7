import type { JSX } from "preact";
import type { NameChanges, ReleaseDetail, ReleaseDiff } from "../../shared/app-types.js";
import { environmentPath } from "../api.js";
import { Badge, Dialog, Loaded, RelativeTime } from "../components/index.js";
import { useResource } from "../use-resource.js";
import { plain } from "./plain.js";
import { signedNames } from "./release-diff.js";
import { ReleaseBadge } from "./states.js";
import { shortCommit, shortDigest } from "./units.js";

const SIGN_WORDS = { "+": "added", "-": "removed", "~": "changed" } as const;

/** A release in full: what it holds, and what it changed. Names only, never a value. */
export function ReleaseDialog(props: {
  readonly app: string;
  readonly environment: string;
  readonly number: number;
  onClose(): void;
}): JSX.Element {
  const release = useResource<ReleaseDetail>(
    environmentPath(props.app, props.environment, "releases", String(props.number)),
  );
  return (
    <Dialog open wide title={`Release ${props.number}`} onClose={props.onClose}>
      <Loaded resource={release}>
        {(data) => (
          <div class="stack">
            <p class="row">
              <ReleaseBadge state={data.state} />
              <span>
                <RelativeTime at={data.at} /> by {plain(data.author)}
              </span>
              {data.dirty === true ? <Badge kind="warn">with changes that were not committed</Badge> : null}
            </p>
            {data.message === undefined ? null : <p>{plain(data.message)}</p>}
            {data.failure === undefined ? null : <p class="trouble">{plain(data.failure)}</p>}
            <dl class="facts">
              <div>
                <dt>Image</dt>
                <dd class="mono">{plain(data.image)}</dd>
              </div>
              <div>
                <dt>Where it is</dt>
                <dd class="mono">{plain(data.location)}</dd>
              </div>
              {data.commit === undefined ? null : (
                <div>
                  <dt>Commit</dt>
                  <dd class="mono">{plain(data.commit)}</dd>
                </div>
              )}
              {data.repeats === undefined ? null : (
                <div>
                  <dt>Rollback to</dt>
                  <dd>release {data.repeats}</dd>
                </div>
              )}
              {data.promotedFrom === undefined ? null : (
                <div>
                  <dt>Promoted from</dt>
                  <dd>{plain(data.promotedFrom)}</dd>
                </div>
              )}
            </dl>
            {data.diff === undefined ? (
              <p class="muted">It is the first one: there is nothing to compare it with.</p>
            ) : (
              <Diff diff={data.diff} />
            )}
            <details class="explained">
              <summary>
                Config ({data.config.length}) and secrets ({data.secrets.length}) it holds
              </summary>
              <ul class="names">
                {data.config.map((name) => (
                  <li key={name} class="mono">
                    {plain(name)}
                  </li>
                ))}
                {data.secrets.map((secret) => (
                  <li key={secret.name} class="mono">
                    {plain(secret.name)} <span class="muted">secret, version {plain(secret.version)}</span>
                  </li>
                ))}
              </ul>
            </details>
          </div>
        )}
      </Loaded>
    </Dialog>
  );
}

function Diff({ diff }: { readonly diff: ReleaseDiff }): JSX.Element {
  return (
    <section class="stack" aria-label={`Changes since release ${diff.from}`}>
      <h3>Changes since release {diff.from}</h3>
      {diff.image === undefined ? (
        <p class="muted">The same image.</p>
      ) : (
        <p>
          Image <span class="mono">{shortDigest(plain(diff.image.before))}</span> →{" "}
          <span class="mono">{shortDigest(plain(diff.image.after))}</span>
        </p>
      )}
      <Names title="Config" changes={diff.config} />
      <Names title="Secrets" changes={diff.secrets} />
      {diff.commits === undefined ? null : (
        <div>
          <p>
            Commits <span class="mono">{shortCommit(plain(diff.commits.from))}</span> →{" "}
            <span class="mono">{shortCommit(plain(diff.commits.to))}</span>
          </p>
          {diff.commits.list === undefined ? (
            <p class="muted">The console has no copy of the repository, so it cannot list them.</p>
          ) : (
            <ol class="commits">
              {diff.commits.list.map((one) => (
                <li key={one.commit}>
                  <span class="mono">{shortCommit(plain(one.commit))}</span> {plain(one.subject)}{" "}
                  <span class="muted">{plain(one.author)}</span>
                </li>
              ))}
              {diff.commits.more === true ? <li class="muted">and more</li> : null}
            </ol>
          )}
        </div>
      )}
    </section>
  );
}

function Names(props: { readonly title: string; readonly changes: NameChanges }): JSX.Element {
  const names = signedNames(props.changes);
  if (names.length === 0) return <p class="muted">{props.title}: no name has changed.</p>;
  return (
    <div>
      <p>{props.title}</p>
      <ul class="names">
        {names.map(({ sign, name }) => (
          <li key={`${sign}${name}`} class={`mono sign-${SIGN_WORDS[sign]}`}>
            <span aria-hidden="true">{sign} </span>
            {plain(name)}
            <span class="visually-hidden"> {SIGN_WORDS[sign]}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
