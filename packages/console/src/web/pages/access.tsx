import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { AppAccess, ConsoleGrant, Granted, GrantRequest, Role } from "../../shared/access-types.js";
import { del, post } from "../api.js";
import {
  Button,
  Confirm,
  ErrorNotice,
  Field,
  Loaded,
  Page,
  type PageProps,
  Select,
  Table,
  TextInput,
  toast,
} from "../components/index.js";
import { AllowedButton } from "../parts/allowed-button.js";
import { expiring, TERMS } from "../parts/expiry.js";
import { Forbidden } from "../parts/forbidden.js";
import { RoleSelect, RolesExplained } from "../parts/grant-fields.js";
import { GrantWords } from "../parts/grant-words.js";
import { plain } from "../parts/plain.js";
import { ACTION_WORDS, grantable } from "../parts/rights.js";
import { SecretOnce } from "../parts/secret-once.js";
import { TOKEN_COLUMNS } from "../parts/token-columns.js";
import { useAction } from "../parts/use-action.js";
import { VendorAccess } from "../parts/vendor-access.js";
import { Link } from "../router.js";
import { environments, may, me } from "../session.js";
import { useResource } from "../use-resource.js";
import "../parts/parts.css";

/** Who can do what with an app, here and at its providers. */
export default function AccessPage({ params }: PageProps): JSX.Element {
  const app = params.app ?? "";
  if (!may("access.read", app)) return <Forbidden title={`Access to ${app}`} action="access.read" />;
  return <Access app={app} />;
}

function Access({ app }: { readonly app: string }): JSX.Element {
  const path = `/api/apps/${encodeURIComponent(app)}`;
  const access = useResource<AppAccess>(`${path}/access`, { every: 30_000 });
  const [taking, setTaking] = useState<{ readonly email: string; readonly grant: ConsoleGrant }>();
  const [granted, setGranted] = useState<Granted>();
  const here = environments.value?.filter((one) => one.app === app) ?? [];
  return (
    <Page
      title={`Access to ${app}`}
      actions={
        may("audit.read", app) ? (
          <Link class="button button-default" to={`/audit?app=${encodeURIComponent(app)}`}>
            Audit log
          </Link>
        ) : undefined
      }
    >
      {granted?.invited === undefined ? null : (
        <SecretOnce
          title={`${plain(granted.person.email)} is invited`}
          secret={granted.invited.link}
          expiresAt={granted.invited.expiresAt}
          about="They were not known here yet: send them this link."
        />
      )}
      <GrantForm
        app={app}
        path={path}
        onGranted={(answer) => {
          setGranted(answer);
          if (answer.invited === undefined) {
            toast(
              answer.changed ? `${answer.person.email} is ${answer.grant.role} now` : "It was so already",
            );
          }
          access.reload();
        }}
      />
      <Loaded resource={access}>
        {(data) => (
          <>
            <Table
              caption={`People with access to ${app}`}
              rows={data.people}
              keyOf={(row) => row.person.id}
              empty={<p class="muted">Nobody has access to this app yet.</p>}
              columns={[
                {
                  key: "person",
                  title: "Person",
                  cell: ({ person }) => (
                    <div class="two-lines">
                      <strong>{plain(person.name || person.email)}</strong>
                      <span class="muted">{plain(person.email)}</span>
                    </div>
                  ),
                },
                { key: "role", title: "Role", cell: ({ role }) => role },
                {
                  key: "by",
                  title: "By",
                  cell: ({ grants }) => (
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
                  key: "actions",
                  title: <span class="visually-hidden">Actions</span>,
                  align: "end",
                  narrow: true,
                  cell: ({ person, grants }) => {
                    const own = grants.find((grant) => grant.app === app);
                    return own === undefined ? (
                      <span class="muted">by a role for all apps</span>
                    ) : (
                      <AllowedButton
                        small
                        action="access.grant"
                        app={app}
                        label={`Revoke ${plain(person.email)}`}
                        onClick={() => setTaking({ email: person.email, grant: own })}
                      >
                        Revoke
                      </AllowedButton>
                    );
                  },
                },
              ]}
            />
            <RolesExplained />
            <details class="explained">
              <summary>Who can do what here</summary>
              <dl class="facts">
                {data.actions.map((one) => (
                  <div key={one.action}>
                    <dt>
                      {ACTION_WORDS[one.action] ?? one.action} <span class="muted">({one.role})</span>
                    </dt>
                    <dd>{one.people.length === 0 ? "nobody" : one.people.map(plain).join(", ")}</dd>
                  </div>
                ))}
              </dl>
            </details>
            {data.tokens.length === 0 ? null : <Tokens tokens={data.tokens} />}
          </>
        )}
      </Loaded>
      {here.map((one) => (
        <VendorAccess key={one.environment} app={app} environment={one.environment} />
      ))}
      <Confirm
        open={taking !== undefined}
        title={`Revoke ${plain(taking?.email ?? "")}?`}
        action="Revoke"
        danger
        onClose={() => setTaking(undefined)}
        onConfirm={async () => {
          await del(`${path}/grants/${encodeURIComponent(taking!.grant.id)}`);
          toast(`${taking!.email} is not ${taking!.grant.role} of ${app} any longer`);
          access.reload();
        }}
      >
        <p>
          They are not {taking?.grant.role} of {app} any longer from now on; streams that are open are closed
          within a second. A role for all apps, if they have one, stays.
        </p>
      </Confirm>
    </Page>
  );
}

function GrantForm(props: {
  readonly app: string;
  readonly path: string;
  onGranted(answer: Granted): void;
}): JSX.Element {
  const [person, setPerson] = useState("");
  const [role, setRole] = useState<Role>("viewer");
  const [term, setTerm] = useState("0");
  const { busy, error, run } = useAction();
  const roles = grantable(me.value ?? undefined, props.app);
  const submit = (event: Event): void => {
    event.preventDefault();
    void run(async () => {
      const wanted: GrantRequest = { person: person.trim(), role, ...expiring(term, Date.now()) };
      props.onGranted(await post<Granted>(`${props.path}/grants`, wanted));
      setPerson("");
    });
  };
  return (
    <form class="card stack" aria-label="Give access" onSubmit={submit}>
      <div class="fields">
        <Field label="E-mail">
          <TextInput type="email" required autocomplete="off" value={person} onValue={setPerson} />
        </Field>
        <Field label="Role">
          <RoleSelect value={role} roles={roles} onValue={setRole} />
        </Field>
        <Field label="For how long">
          <Select value={term} options={TERMS} onValue={setTerm} />
        </Field>
        <div class="field-button">
          <Button type="submit" kind="primary" busy={busy} disabled={!may("access.grant", props.app)}>
            Grant
          </Button>
        </div>
      </div>
      {error === undefined ? null : <ErrorNotice error={error} />}
    </form>
  );
}

function Tokens({ tokens }: { readonly tokens: AppAccess["tokens"] }): JSX.Element {
  return (
    <section class="stack" aria-labelledby="app-tokens">
      <h2 id="app-tokens">API tokens that reach it</h2>
      <Table<AppAccess["tokens"][number]>
        caption="API tokens"
        rows={tokens}
        keyOf={(token) => token.id}
        columns={[
          TOKEN_COLUMNS.name,
          { key: "owner", title: "Of", cell: (token) => plain(token.owner) },
          TOKEN_COLUMNS.role,
          TOKEN_COLUMNS.used,
          TOKEN_COLUMNS.expires,
        ]}
      />
    </section>
  );
}
