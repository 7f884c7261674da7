import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { MadeToken, NewToken, Role, SessionList, TokenList } from "../../shared/access-types.js";
import { del, post } from "../api.js";
import {
  Badge,
  Button,
  Confirm,
  Empty,
  ErrorNotice,
  Field,
  Loaded,
  Page,
  RelativeTime,
  Select,
  Table,
  TextInput,
  toast,
} from "../components/index.js";
import { expiring, TOKEN_TERMS } from "../parts/expiry.js";
import { AppSelect, RoleSelect } from "../parts/grant-fields.js";
import { MINIMUM_PASSWORD, passwordProblem } from "../parts/password.js";
import { plain } from "../parts/plain.js";
import { grantable } from "../parts/rights.js";
import { SecretOnce } from "../parts/secret-once.js";
import { useAction } from "../parts/use-action.js";
import { density, zone } from "../preferences.js";
import { loadMe, me } from "../session.js";
import { useResource } from "../use-resource.js";
import "../parts/parts.css";

/** One's own account: password, signed-in browsers, API tokens, taste. */
export default function AccountPage(): JSX.Element {
  const who = me.value;
  if (who === null || who === undefined) return <Page title="Account">{null}</Page>;
  return (
    <Page title="Account" note={plain(who.person.email)}>
      <Sessions />
      <Tokens />
      <Password has={who.person.ways.includes("password")} />
      <Taste />
    </Page>
  );
}

function Sessions(): JSX.Element {
  const sessions = useResource<SessionList>("/api/account/sessions", { every: 30_000 });
  const [ending, setEnding] = useState<string>();
  return (
    <section class="stack" aria-labelledby="sessions">
      <div class="section-head">
        <h2 id="sessions">Signed-in browsers</h2>
        <Button
          small
          disabled={(sessions.data?.sessions.length ?? 0) < 2}
          onClick={() => setEnding("others")}
        >
          End all others
        </Button>
      </div>
      <Loaded resource={sessions}>
        {(data) => (
          <Table
            caption="Signed-in browsers"
            rows={data.sessions}
            keyOf={(session) => session.id}
            columns={[
              {
                key: "browser",
                title: "Browser",
                cell: (session) => (
                  <span class="row">
                    {plain(session.browser)}
                    {session.current ? <Badge kind="info">this one</Badge> : null}
                  </span>
                ),
              },
              {
                key: "address",
                title: "Address",
                cell: (session) => <span class="mono">{plain(session.address)}</span>,
              },
              { key: "way", title: "By", cell: (session) => plain(session.way) },
              {
                key: "since",
                title: "Signed in",
                cell: (session) => <RelativeTime at={session.createdAt} />,
              },
              {
                key: "seen",
                title: "Last seen",
                cell: (session) => <RelativeTime at={session.lastSeenAt} />,
              },
              {
                key: "expires",
                title: "Expires",
                cell: (session) => <RelativeTime at={session.expiresAt} />,
              },
              {
                key: "end",
                title: <span class="visually-hidden">Actions</span>,
                align: "end",
                narrow: true,
                cell: (session) =>
                  session.current ? null : (
                    <Button
                      small
                      onClick={() => setEnding(session.id)}
                      aria-label={`End the session of ${plain(session.browser)}`}
                    >
                      End
                    </Button>
                  ),
              },
            ]}
          />
        )}
      </Loaded>
      <Confirm
        open={ending !== undefined}
        title={ending === "others" ? "End all other sessions?" : "End this session?"}
        action={ending === "others" ? "End all others" : "End it"}
        danger
        onClose={() => setEnding(undefined)}
        onConfirm={async () => {
          await del(
            ending === "others"
              ? "/api/account/sessions"
              : `/api/account/sessions/${encodeURIComponent(ending!)}`,
          );
          toast(ending === "others" ? "All other sessions are ended" : "The session is ended");
          sessions.reload();
        }}
      >
        <p>Whoever uses it is signed out at once; streams that are open there are closed.</p>
      </Confirm>
    </section>
  );
}

function Tokens(): JSX.Element {
  const tokens = useResource<TokenList>("/api/account/tokens");
  const [made, setMade] = useState<MadeToken>();
  const [ending, setEnding] = useState<{ readonly id: string; readonly name: string }>();
  return (
    <section class="stack" aria-labelledby="tokens">
      <h2 id="tokens">API tokens</h2>
      <p class="muted">
        For scripts and CI. A token may never do more than you may, and never reveals a secret or opens a
        shell.
      </p>
      {made === undefined ? null : (
        <SecretOnce
          title={`The token ${plain(made.token.name)} is made`}
          secret={made.secret}
          expiresAt={made.token.expiresAt}
          about="Send it as Authorization: Bearer."
        />
      )}
      <Loaded resource={tokens}>
        {(data) => (
          <Table
            caption="API tokens"
            rows={data.tokens}
            keyOf={(token) => token.id}
            empty={<Empty title="You have no API token" />}
            columns={[
              { key: "name", title: "Name", cell: (token) => plain(token.name) },
              { key: "app", title: "For", cell: (token) => (token.app === "*" ? "all apps" : token.app) },
              { key: "role", title: "Role", cell: (token) => token.role },
              { key: "made", title: "Made", cell: (token) => <RelativeTime at={token.createdAt} /> },
              {
                key: "used",
                title: "Last used",
                cell: (token) =>
                  token.lastUsedAt === undefined ? (
                    <span class="muted">never</span>
                  ) : (
                    <RelativeTime at={token.lastUsedAt} />
                  ),
              },
              { key: "expires", title: "Expires", cell: (token) => <RelativeTime at={token.expiresAt} /> },
              {
                key: "end",
                title: <span class="visually-hidden">Actions</span>,
                align: "end",
                narrow: true,
                cell: (token) => (
                  <Button
                    small
                    onClick={() => setEnding(token)}
                    aria-label={`Revoke the token ${plain(token.name)}`}
                  >
                    Revoke
                  </Button>
                ),
              },
            ]}
          />
        )}
      </Loaded>
      <TokenForm
        onMade={(token) => {
          setMade(token);
          tokens.reload();
        }}
      />
      <Confirm
        open={ending !== undefined}
        title={`Revoke the token ${plain(ending?.name ?? "")}?`}
        action="Revoke"
        danger
        onClose={() => setEnding(undefined)}
        onConfirm={async () => {
          await del(`/api/account/tokens/${encodeURIComponent(ending!.id)}`);
          if (made?.token.id === ending!.id) setMade(undefined);
          toast("The token is revoked");
          tokens.reload();
        }}
      >
        <p>Scripts that use it are refused from now on.</p>
      </Confirm>
    </section>
  );
}

function TokenForm({ onMade }: { onMade(token: MadeToken): void }): JSX.Element {
  const who = me.value ?? undefined;
  const [name, setName] = useState("");
  const [app, setApp] = useState(who?.everywhere === undefined ? (who?.apps[0]?.app ?? "") : "*");
  const [role, setRole] = useState<Role>("viewer");
  const [term, setTerm] = useState(TOKEN_TERMS[3]!.value);
  const { busy, error, run } = useAction();
  const roles = grantable(who, app);
  const submit = (event: Event): void => {
    event.preventDefault();
    void run(async () => {
      const wanted: NewToken = { name: name.trim(), app, role, ...expiring(term, Date.now()) };
      onMade(await post<MadeToken>("/api/account/tokens", wanted));
      setName("");
    });
  };
  return (
    <form class="card stack" onSubmit={submit} aria-label="Make a token">
      <div class="fields">
        <Field label="Name" hint="Where it is used, such as: CI of shop">
          <TextInput required maxLength={100} value={name} onValue={setName} />
        </Field>
        <Field label="For">
          <AppSelect
            value={app}
            onValue={(next) => {
              setApp(next);
              if (!grantable(who, next).includes(role)) setRole("viewer");
            }}
          />
        </Field>
        <Field label="Role">
          <RoleSelect value={role} roles={roles} onValue={setRole} />
        </Field>
        <Field label="Expires after">
          <Select value={term} options={TOKEN_TERMS} onValue={setTerm} />
        </Field>
      </div>
      {error === undefined ? null : <ErrorNotice error={error} />}
      <div>
        <Button type="submit" busy={busy} disabled={name.trim() === "" || app === "" || roles.length === 0}>
          Make a token
        </Button>
      </div>
    </form>
  );
}

function Password({ has }: { readonly has: boolean }): JSX.Element {
  const [current, setCurrent] = useState("");
  const [password, setPassword] = useState("");
  const [tried, setTried] = useState(false);
  const { busy, error, run } = useAction();
  const problem = passwordProblem(password);
  const submit = (event: Event): void => {
    event.preventDefault();
    setTried(true);
    if (problem !== undefined) return;
    void run(async () => {
      await post("/api/account/password", { password, ...(has ? { current } : {}) });
      setCurrent("");
      setPassword("");
      setTried(false);
      toast("The password is set; all other sessions are ended");
      await loadMe();
    });
  };
  return (
    <section class="stack" aria-labelledby="password">
      <h2 id="password">{has ? "Change the password" : "Set a password"}</h2>
      <form class="card stack" onSubmit={submit} aria-labelledby="password">
        <input
          class="visually-hidden"
          type="text"
          autocomplete="username"
          value={me.value?.person.email}
          readOnly
          tabIndex={-1}
          aria-hidden="true"
        />
        <div class="fields">
          {has ? (
            <Field label="Present password">
              <TextInput
                type="password"
                autocomplete="current-password"
                required
                value={current}
                onValue={setCurrent}
              />
            </Field>
          ) : null}
          <Field
            label="New password"
            hint={`At least ${MINIMUM_PASSWORD} characters.`}
            error={tried ? problem : undefined}
          >
            <TextInput type="password" autocomplete="new-password" value={password} onValue={setPassword} />
          </Field>
        </div>
        {error === undefined ? null : <ErrorNotice error={error} />}
        <div class="row">
          <Button type="submit" busy={busy}>
            {has ? "Change it" : "Set it"}
          </Button>
          <span class="muted">Ends all your other sessions.</span>
        </div>
      </form>
    </section>
  );
}

function Taste(): JSX.Element {
  return (
    <section class="stack" aria-labelledby="taste">
      <h2 id="taste">In this browser</h2>
      <div class="card fields">
        <Field label="Times">
          <Select
            value={zone.value}
            options={[
              { value: "local", label: "In this browser's time zone" },
              { value: "utc", label: "In UTC" },
            ]}
            onValue={(value) => {
              zone.value = value === "utc" ? "utc" : "local";
            }}
          />
        </Field>
        <Field label="Rows">
          <Select
            value={density.value}
            options={[
              { value: "comfortable", label: "Comfortable" },
              { value: "compact", label: "Compact" },
            ]}
            onValue={(value) => {
              density.value = value === "compact" ? "compact" : "comfortable";
            }}
          />
        </Field>
      </div>
    </section>
  );
}
