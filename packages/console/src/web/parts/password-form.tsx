import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { post } from "../api.js";
import { Button, ErrorNotice, Field, TextInput, toast } from "../components/index.js";
import { loadMe, me } from "../session.js";
import { MINIMUM_PASSWORD, passwordProblem } from "./password.js";
import { useAction } from "./use-action.js";

/** Sets one's own password, or another one. */
export function PasswordForm({ has }: { readonly has: boolean }): JSX.Element {
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
