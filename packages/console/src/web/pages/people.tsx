import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Invited, PeopleList, PersonFacts, Revoked } from "../../shared/access-types.js";
import { del, post } from "../api.js";
import {
  Badge,
  Button,
  Confirm,
  Empty,
  ErrorNotice,
  Loaded,
  Page,
  RelativeTime,
  Table,
} from "../components/index.js";
import { Forbidden } from "../parts/forbidden.js";
import { RolesExplained } from "../parts/grant-fields.js";
import { GrantWords } from "../parts/grant-words.js";
import { InviteDialog } from "../parts/invite-dialog.js";
import { plain } from "../parts/plain.js";
import { RevokedNotice } from "../parts/revoked-notice.js";
import { RightsDialog } from "../parts/rights-dialog.js";
import { SecretOnce } from "../parts/secret-once.js";
import { counted } from "../parts/units.js";
import { useAction } from "../parts/use-action.js";
import { may, me } from "../session.js";
import { useResource } from "../use-resource.js";
import "../parts/parts.css";

/** Everybody who may sign in: invite, look at what they can do, take everything away. */
export default function PeoplePage(): JSX.Element {
  if (!may("people.manage")) return <Forbidden title="People" action="people.manage" />;
  return <People />;
}

function People(): JSX.Element {
  const people = useResource<PeopleList>("/api/people", { every: 30_000 });
  const [inviting, setInviting] = useState(false);
  const [invited, setInvited] = useState<Invited>();
  const [looking, setLooking] = useState<PersonFacts>();
  const [revoking, setRevoking] = useState<PersonFacts>();
  const [revoked, setRevoked] = useState<{ readonly email: string; readonly result: Revoked }>();
  const again = async (facts: PersonFacts): Promise<void> => {
    setInvited(await post<Invited>("/api/people", { email: facts.person.email }));
    people.reload();
  };
  const renewing = useAction();
  return (
    <Page
      title="People"
      actions={
        <Button kind="primary" onClick={() => setInviting(true)}>
          Invite
        </Button>
      }
    >
      {invited === undefined ? null : (
        <SecretOnce
          title={`Invitation for ${plain(invited.person.email)}`}
          secret={invited.link}
          expiresAt={invited.expiresAt}
          about="Send this link to them; whoever opens it first becomes that person."
        />
      )}
      {revoked === undefined ? null : <RevokedNotice email={revoked.email} result={revoked.result} />}
      {renewing.error === undefined ? null : <ErrorNotice error={renewing.error} />}
      <Loaded resource={people}>
        {(data) => (
          <Table
            caption="People"
            rows={data.people}
            keyOf={(facts) => facts.person.id}
            empty={<Empty title="Nobody yet" />}
            columns={[
              {
                key: "person",
                title: "Person",
                cell: ({ person, invitation }) => (
                  <div class="two-lines">
                    <span class="row">
                      <strong>{plain(person.name || person.email)}</strong>
                      {person.id === me.value?.person.id ? <Badge kind="info">you</Badge> : null}
                      {person.revokedAt === undefined ? null : <Badge kind="bad">revoked</Badge>}
                      {invitation === undefined ? null : <Badge kind="warn">invited</Badge>}
                    </span>
                    {person.name === "" ? null : <span class="muted">{plain(person.email)}</span>}
                  </div>
                ),
              },
              {
                key: "grants",
                title: "Roles",
                cell: ({ grants }) =>
                  grants.length === 0 ? (
                    <span class="muted">none</span>
                  ) : (
                    <ul class="plain-list">
                      {grants.map((grant) => (
                        <li key={grant.id}>
                          <GrantWords grant={grant} />
                        </li>
                      ))}
                    </ul>
                  ),
              },
              {
                key: "ways",
                title: "Signs in by",
                cell: ({ person, invitation }) =>
                  invitation === undefined ? (
                    person.ways.join(", ") || "–"
                  ) : (
                    <span class="muted">
                      link expires <RelativeTime at={invitation.expiresAt} />
                    </span>
                  ),
              },
              {
                key: "open",
                title: "Open",
                cell: ({ sessions, tokens }) =>
                  `${counted(sessions, "session")}, ${counted(tokens, "token")}`,
              },
              {
                key: "seen",
                title: "Last seen",
                cell: ({ person }) =>
                  person.lastSeenAt === undefined ? (
                    <span class="muted">never</span>
                  ) : (
                    <RelativeTime at={person.lastSeenAt} />
                  ),
              },
              {
                key: "actions",
                title: <span class="visually-hidden">Actions</span>,
                align: "end",
                narrow: true,
                cell: (facts) => (
                  <span class="row row-end">
                    {facts.invitation === undefined && facts.person.revokedAt === undefined ? null : (
                      <Button
                        small
                        busy={renewing.busy}
                        aria-label={`Invite again: ${plain(facts.person.email)}`}
                        onClick={() => void renewing.run(() => again(facts))}
                      >
                        Invite again
                      </Button>
                    )}
                    <Button
                      small
                      aria-label={`What can they do: ${plain(facts.person.email)}`}
                      onClick={() => setLooking(facts)}
                    >
                      What can they do
                    </Button>
                    <Button
                      small
                      disabled={facts.person.revokedAt !== undefined}
                      aria-label={`Revoke everywhere: ${plain(facts.person.email)}`}
                      onClick={() => setRevoking(facts)}
                    >
                      Revoke everywhere
                    </Button>
                  </span>
                ),
              },
            ]}
          />
        )}
      </Loaded>
      <RolesExplained />
      <InviteDialog
        open={inviting}
        onClose={() => setInviting(false)}
        onInvited={(answer) => {
          setInvited(answer);
          setRevoked(undefined);
          setInviting(false);
          people.reload();
        }}
      />
      {looking === undefined ? null : (
        <RightsDialog
          personId={looking.person.id}
          email={looking.person.email}
          onClose={() => setLooking(undefined)}
        />
      )}
      <Confirm
        open={revoking !== undefined}
        title={`Revoke ${plain(revoking?.person.email ?? "")} everywhere?`}
        action="Revoke everywhere"
        danger
        onClose={() => setRevoking(undefined)}
        onConfirm={async () => {
          const { id, email } = revoking!.person;
          setRevoked({
            email,
            result: await del<Revoked>(`/api/people/${encodeURIComponent(id)}`, { timeout: 120_000 }),
          });
          setInvited(undefined);
          people.reload();
        }}
      >
        <p>
          Every role, session, API token and invitation of theirs ends now, streams that are open are closed,
          and the providers' own permissions are taken away. Secrets that they have seen stay known to them:
          change those.
        </p>
      </Confirm>
    </Page>
  );
}
