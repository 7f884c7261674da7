import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { type LinkFacts, SIGN_IN_PROBLEMS, type SignInWays } from "../../shared/sign-in-types.js";
import { type ApiError, post } from "../api.js";
import { Button, ErrorNotice, Field, Loading, Notice, TextInput } from "../components/index.js";
import { EntryPage } from "../parts/entry-page.js";
import { plain } from "../parts/plain.js";
import { useSecret } from "../parts/take-secret.js";
import { useAction } from "../parts/use-action.js";
import { useFacts } from "../parts/use-facts.js";
import { localAddress, place } from "../router.js";
import { afterSignIn, sessionEnded } from "../session.js";
import { useResource } from "../use-resource.js";

/** Signing in: with a password, with a provider, or by the one-time link of the first owner. */
export default function SignInPage(): JSX.Element {
  const link = useSecret("link");
  /** The link that somebody would rather not use. */
  const [refused, setRefused] = useState<string>();
  return (
    <EntryPage title="Sign in">
      {link !== undefined && link !== refused ? (
        <LinkForm secret={link} key={link} onOther={() => setRefused(link)} />
      ) : (
        <Ways />
      )}
    </EntryPage>
  );
}

function Ways(): JSX.Element {
  const ways = useResource<SignInWays>("/api/sign-in/ways");
  const problem = place.value.query.get("problem");
  const back = localAddress(place.value.query.get("back"));
  const returning = back === "/" ? "" : `?return=${encodeURIComponent(back)}`;
  const known =
    problem !== null && Object.hasOwn(SIGN_IN_PROBLEMS, problem)
      ? SIGN_IN_PROBLEMS[problem as keyof typeof SIGN_IN_PROBLEMS]
      : undefined;
  return (
    <>
      {known === undefined ? null : <Notice kind="bad" title={known} />}
      {sessionEnded.value ? (
        <Notice kind="warn" title="You are not signed in any longer.">
          Your session has ended, or your access to this console has been taken away.
        </Notice>
      ) : null}
      <PasswordForm />
      {ways.error === undefined ? null : <ErrorNotice error={ways.error} onRetry={ways.reload} />}
      {ways.data?.github === undefined && ways.data?.oidc === undefined ? null : (
        <div class="entry-ways">
          <p class="entry-or">or</p>
          {ways.data.github === undefined ? null : (
            <a class="button button-default" href={`${ways.data.github.start}${returning}`}>
              Sign in with {plain(ways.data.github.name)}
            </a>
          )}
          {ways.data.oidc === undefined ? null : (
            <a class="button button-default" href={`${ways.data.oidc.start}${returning}`}>
              Sign in with {plain(ways.data.oidc.name)}
            </a>
          )}
        </div>
      )}
    </>
  );
}

function PasswordForm(): JSX.Element {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const { busy, error, submit } = useSignIn(() => post("/api/sign-in/password", { email, password }));
  return (
    <form class="stack" onSubmit={submit}>
      <Field label="E-mail">
        <TextInput
          type="email"
          name="email"
          autocomplete="username"
          required
          value={email}
          onValue={setEmail}
        />
      </Field>
      <Field label="Password">
        <TextInput
          type="password"
          name="password"
          autocomplete="current-password"
          required
          value={password}
          onValue={setPassword}
        />
      </Field>
      {error === undefined ? null : <SignInError error={error} />}
      <Button type="submit" kind="primary" busy={busy}>
        Sign in
      </Button>
    </form>
  );
}

/** Says after how long another try makes sense. */
function SignInError({ error }: { readonly error: ApiError }): JSX.Element {
  if (error.retryAfter === undefined) return <ErrorNotice error={error} />;
  const minutes = Math.ceil(error.retryAfter / 60_000);
  return (
    <Notice kind="bad" title={error.message}>
      Try again in {minutes === 1 ? "a minute" : `${minutes} minutes`}.
    </Notice>
  );
}

/** The link is used up by a press of the button, not by opening it: previews of links must not use it. */
function LinkForm(props: { readonly secret: string; onOther(): void }): JSX.Element {
  const { secret, onOther } = props;
  const { facts, error, again } = useFacts<LinkFacts>("/api/sign-in/link/check", secret);
  if (facts !== undefined) {
    return (
      <>
        {facts.owner === undefined ? (
          <FirstOwnerForm secret={secret} />
        ) : (
          <OwnerForm secret={secret} owner={facts.owner} />
        )}
        <OtherWay onOther={onOther} />
      </>
    );
  }
  if (error === undefined) return <Loading label="Looking at the link" />;
  return (
    <>
      <ErrorNotice error={error} onRetry={again} />
      <OtherWay onOther={onOther} />
    </>
  );
}

function OtherWay({ onOther }: { onOther(): void }): JSX.Element {
  return (
    <Button kind="quiet" onClick={onOther}>
      Sign in another way
    </Button>
  );
}

/** There is nobody here yet: whoever comes first says who they are. */
function FirstOwnerForm({ secret }: { readonly secret: string }): JSX.Element {
  const [email, setEmail] = useState("");
  const [name, setName] = useState("");
  const { busy, error, submit } = useSignIn(() =>
    post("/api/sign-in/link", {
      secret,
      email: email.trim(),
      ...(name.trim() === "" ? {} : { name: name.trim() }),
    }),
  );
  return (
    <form class="stack" onSubmit={submit}>
      <p class="muted">
        This one-time link makes you the owner of this console. Your e-mail is how providers know you, and how
        you sign in later.
      </p>
      <Field label="E-mail">
        <TextInput type="email" autocomplete="email" required value={email} onValue={setEmail} />
      </Field>
      <Field label="Name">
        <TextInput autocomplete="name" value={name} onValue={setName} />
      </Field>
      {error === undefined ? null : <SignInError error={error} />}
      <Button type="submit" kind="primary" busy={busy}>
        Sign in as owner
      </Button>
    </form>
  );
}

function OwnerForm(props: {
  readonly secret: string;
  readonly owner: NonNullable<LinkFacts["owner"]>;
}): JSX.Element {
  const { secret, owner } = props;
  const { busy, error, submit } = useSignIn(() => post("/api/sign-in/link", { secret }));
  return (
    <form class="stack" onSubmit={submit}>
      <p class="muted">
        This one-time link signs you in as {plain(owner.name)} ({plain(owner.email)}).
      </p>
      {error === undefined ? null : <SignInError error={error} />}
      <Button type="submit" kind="primary" busy={busy}>
        Sign in as owner
      </Button>
    </form>
  );
}

function useSignIn(send: () => Promise<unknown>): {
  readonly busy: boolean;
  readonly error: ApiError | undefined;
  submit(event: Event): void;
} {
  const sending = useAction();
  return {
    busy: sending.busy,
    error: sending.error,
    submit: (event) => {
      event.preventDefault();
      void sending.run(async () => {
        await send();
        await afterSignIn();
      });
    },
  };
}
