import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { MadeToken, NewToken, Role, TokenList } from "../../shared/access-types.js";
import { del, post } from "../api.js";
import {
  Button,
  Confirm,
  Empty,
  ErrorNotice,
  Field,
  Loaded,
  RelativeTime,
  Select,
  Table,
  TextInput,
  toast,
} from "../components/index.js";
import { me } from "../session.js";
import { useResource } from "../use-resource.js";
import { expiring, TOKEN_TERMS } from "./expiry.js";
import { AppSelect, RoleSelect } from "./grant-fields.js";
import { plain } from "./plain.js";
import { grantable } from "./rights.js";
import { SecretOnce } from "./secret-once.js";
import { TOKEN_COLUMNS } from "./token-columns.js";
import { useAction } from "./use-action.js";

/** One's own API tokens: made, shown once, revoked. */
export function OwnTokens(): JSX.Element {
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
              TOKEN_COLUMNS.name,
              { key: "app", title: "For", cell: (token) => (token.app === "*" ? "all apps" : token.app) },
              TOKEN_COLUMNS.role,
              { key: "made", title: "Made", cell: (token) => <RelativeTime at={token.createdAt} /> },
              TOKEN_COLUMNS.used,
              TOKEN_COLUMNS.expires,
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
