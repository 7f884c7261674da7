import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Invited, Role } from "../../shared/access-types.js";
import { post } from "../api.js";
import { Button, Dialog, ErrorNotice, Field, Select, TextInput } from "../components/index.js";
import { me } from "../session.js";
import { expiring, TERMS } from "./expiry.js";
import { RoleSelect } from "./grant-fields.js";
import { grantable } from "./rights.js";
import { useAction } from "./use-action.js";

/** Asks whom to invite, and with which role. */
export function InviteDialog(props: {
  readonly open: boolean;
  onClose(): void;
  onInvited(answer: Invited): void;
}): JSX.Element {
  const who = me.value ?? undefined;
  const [email, setEmail] = useState("");
  const [name, setName] = useState("");
  const [app, setApp] = useState("");
  const [role, setRole] = useState<Role>("viewer");
  const [term, setTerm] = useState("0");
  const { busy, error, run, clear } = useAction();
  const close = (): void => {
    clear();
    props.onClose();
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    void run(async () => {
      const answer = await post<Invited>("/api/people", {
        email: email.trim(),
        ...(name.trim() === "" ? {} : { name: name.trim() }),
        ...(app === "" ? {} : { grants: [{ app, role, ...expiring(term, Date.now()) }] }),
      });
      setEmail("");
      setName("");
      props.onInvited(answer);
    });
  };
  return (
    <Dialog
      open={props.open}
      title="Invite somebody"
      onClose={close}
      footer={
        <>
          <Button onClick={close}>Cancel</Button>
          <Button type="submit" form="invite" kind="primary" busy={busy}>
            Invite
          </Button>
        </>
      }
    >
      <form id="invite" class="stack" onSubmit={submit}>
        <Field label="E-mail">
          <TextInput type="email" required autocomplete="off" value={email} onValue={setEmail} />
        </Field>
        <Field label="Name" hint="They can change it.">
          <TextInput autocomplete="off" value={name} onValue={setName} />
        </Field>
        <Field label="For" hint="Further roles can be given on each app's access page.">
          <InviteApp value={app} onValue={setApp} />
        </Field>
        {app === "" ? null : (
          <div class="fields">
            <Field label="Role">
              <RoleSelect value={role} roles={grantable(who, app)} onValue={setRole} />
            </Field>
            <Field label="For how long">
              <Select value={term} options={TERMS} onValue={setTerm} />
            </Field>
          </div>
        )}
        {error === undefined ? null : <ErrorNotice error={error} />}
      </form>
    </Dialog>
  );
}

function InviteApp(props: {
  readonly value: string;
  onValue(app: string): void;
  readonly id?: string;
}): JSX.Element {
  const { value, onValue, ...rest } = props;
  return (
    <Select
      {...rest}
      value={value}
      onValue={onValue}
      options={[
        { value: "", label: "No app yet" },
        ...(me.value?.apps.map((one) => ({ value: one.app, label: one.app })) ?? []).filter(
          (one) => one.value !== "*",
        ),
        { value: "*", label: "All apps" },
      ]}
    />
  );
}
