import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { InvitationFacts } from "../../shared/sign-in-types.js";
import { post } from "../api.js";
import {
  Button,
  Empty,
  ErrorNotice,
  Field,
  LinkButton,
  Loading,
  RelativeTime,
  TextInput,
} from "../components/index.js";
import { EntryPage } from "../parts/entry-page.js";
import { MINIMUM_PASSWORD, passwordProblem } from "../parts/password.js";
import { plain } from "../parts/plain.js";
import { useSecret } from "../parts/take-secret.js";
import { useAction } from "../parts/use-action.js";
import { useFacts } from "../parts/use-facts.js";
import { afterSignIn } from "../session.js";

/** Taking an invitation: a name and a password, and one is in. */
export default function InvitationPage(): JSX.Element {
  const secret = useSecret("invitation");
  return (
    <EntryPage title="You are invited">
      {secret === undefined ? (
        <Empty
          title="This address holds no invitation"
          actions={<LinkButton to="/sign-in">To the sign-in page</LinkButton>}
        >
          Open the whole link that you were sent; it can be opened until it was used or has expired.
        </Empty>
      ) : (
        <Invitation key={secret} secret={secret} />
      )}
    </EntryPage>
  );
}

function Invitation({ secret }: { readonly secret: string }): JSX.Element {
  const { facts, error, again } = useFacts<InvitationFacts>("/api/sign-in/invitation/check", secret);
  if (error !== undefined) return <ErrorNotice error={error} onRetry={again} />;
  if (facts === undefined) return <Loading label="Looking at the invitation" />;
  return <Form secret={secret} facts={facts} />;
}

function Form(props: { readonly secret: string; readonly facts: InvitationFacts }): JSX.Element {
  const { secret, facts } = props;
  const [name, setName] = useState(facts.name);
  const [password, setPassword] = useState("");
  const [tried, setTried] = useState(false);
  const { busy, error, run } = useAction();
  const problem = passwordProblem(password);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setTried(true);
    if (problem !== undefined) return;
    await run(async () => {
      await post("/api/sign-in/invitation", {
        secret,
        password,
        ...(name.trim() === "" ? {} : { name: name.trim() }),
      });
      await afterSignIn();
    });
  };
  return (
    <form class="stack" onSubmit={submit}>
      <p class="muted">
        {plain(facts.invitedBy)} invites {plain(facts.email)}. The invitation expires{" "}
        <RelativeTime at={facts.expiresAt} />.
      </p>
      <input
        class="visually-hidden"
        type="text"
        autocomplete="username"
        value={facts.email}
        readOnly
        tabIndex={-1}
        aria-hidden="true"
      />
      <Field label="Name">
        <TextInput autocomplete="name" value={name} onValue={setName} />
      </Field>
      <Field
        label="Password"
        hint={`At least ${MINIMUM_PASSWORD} characters.`}
        error={tried ? problem : undefined}
      >
        <TextInput type="password" autocomplete="new-password" value={password} onValue={setPassword} />
      </Field>
      {error === undefined ? null : <ErrorNotice error={error} />}
      <Button type="submit" kind="primary" busy={busy}>
        Accept and sign in
      </Button>
    </form>
  );
}
