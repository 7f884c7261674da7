import type { JSX } from "preact";
import type { PersonRights } from "../../shared/access-types.js";
import { Dialog, Empty, Loaded } from "../components/index.js";
import { useResource } from "../use-resource.js";
import { GrantWords } from "./grant-words.js";
import { plain } from "./plain.js";
import { ACTION_WORDS } from "./rights.js";
import { counted, listed } from "./units.js";

/** What this person can do, app by app, and why. */
export function RightsDialog(props: {
  readonly personId: string;
  readonly email: string;
  onClose(): void;
}): JSX.Element {
  const rights = useResource<PersonRights>(`/api/people/${encodeURIComponent(props.personId)}/rights`);
  return (
    <Dialog open wide title={`What ${plain(props.email)} can do`} onClose={props.onClose}>
      <Loaded resource={rights}>
        {(data) => (
          <div class="stack">
            {data.person.revokedAt === undefined ? null : <p>Nothing: access was taken away.</p>}
            {data.everywhere === undefined ? null : (
              <p>
                <strong>{data.everywhere} of all apps</strong>
                {data.actions.length === 0 ? null : (
                  <>: may {listed(data.actions.map((action) => ACTION_WORDS[action] ?? action))}.</>
                )}
              </p>
            )}
            {data.apps.length === 0 ? <Empty title="They have no role for any app" /> : null}
            {data.apps.map((app) => (
              <section key={app.app} class="card">
                <h3>
                  {app.app}: {app.role}
                </h3>
                <p class="muted">
                  By{" "}
                  {app.grants.map((grant, index) => (
                    <span key={grant.id}>
                      {index === 0 ? "" : " and "}
                      <GrantWords grant={grant} />
                    </span>
                  ))}
                </p>
                <p>May {listed(app.actions.map((action) => ACTION_WORDS[action] ?? action))}.</p>
              </section>
            ))}
            {data.tokens.length === 0 ? null : (
              <p>
                {counted(data.tokens.length, "API token")}:{" "}
                {listed(
                  data.tokens.map(
                    (token) =>
                      `${plain(token.name)} (${token.role} of ${token.app === "*" ? "all apps" : token.app})`,
                  ),
                )}
                .
              </p>
            )}
          </div>
        )}
      </Loaded>
    </Dialog>
  );
}
