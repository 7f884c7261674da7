import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { ProcessList } from "../../shared/app-types.js";
import type { ShellMessage, ShellTicket } from "../../shared/run-types.js";
import { environmentPath, post } from "../api.js";
import { Empty, ErrorNotice, Field, Notice, Page, type PageProps, Select } from "../components/index.js";
import { AllowedButton } from "../parts/allowed-button.js";
import { plain } from "../parts/plain.js";
import type { OpenShell } from "../parts/terminal.js";
import { useAction } from "../parts/use-action.js";
import { may } from "../session.js";
import { useResource } from "../use-resource.js";
import "../parts/parts.css";
import "./shell.css";

type Ended = Extract<ShellMessage, { type: "ended" }>;

const ENDED: Readonly<Record<Ended["reason"], string>> = {
  exited: "The shell has ended.",
  idle: "Nothing was typed for too long, so the shell was closed.",
  "too-long": "The shell was open for as long as one may be.",
  revoked: "Your right to this shell was taken away.",
  "signed-out": "You were signed out.",
  shutdown: "The console is being stopped.",
  failed: "The shell could not be opened, or was lost.",
};

/** A shell inside an instance that serves: for operators, where it was allowed, on the record. */
export default function ShellPage({ params }: PageProps): JSX.Element {
  const app = params.app ?? "";
  const environment = params.environment ?? "";
  const processes = useResource<ProcessList>(environmentPath(app, environment, "processes"));
  const [instance, setInstance] = useState("");
  const [idleMinutes, setIdleMinutes] = useState<number>();
  const [opened, setOpened] = useState<Extract<ShellMessage, { type: "opened" }>>();
  const [ended, setEnded] = useState<Ended | "lost">();
  const { busy, error, run } = useAction();
  const screen = useRef<HTMLDivElement>(null);
  const shell = useRef<OpenShell | null>(null);
  useEffect(() => () => shell.current?.close(), []);

  const intoInstances = (processes.data?.exec ?? true) === true;
  const running = (intoInstances ? (processes.data?.processes ?? []) : [])
    .flatMap((process) => process.instances)
    .filter((one) => one.state === "running");
  const open = (): void =>
    void run(async () => {
      shell.current?.close();
      shell.current = null;
      setOpened(undefined);
      setEnded(undefined);
      const [ticket, { openShell }] = await Promise.all([
        post<ShellTicket>(
          environmentPath(app, environment, "shell", "ticket"),
          instance === "" ? {} : { instance },
        ),
        import("../parts/terminal.js"),
      ]);
      setIdleMinutes(ticket.idleMinutes);
      shell.current = openShell(screen.current!, environmentPath(app, environment, "shell"), ticket.ticket, {
        opened: setOpened,
        ended: (message) => setEnded(message ?? "lost"),
      });
    });
  const close = (): void => {
    shell.current?.close();
    shell.current = null;
    setOpened(undefined);
    setEnded(undefined);
    setIdleMinutes(undefined);
  };
  const live = idleMinutes !== undefined && ended === undefined;

  return (
    <Page title="Shell" note={`${app} / ${environment}`}>
      <div class="shell-bar">
        <Field label="Instance">
          <Select
            value={instance}
            disabled={live}
            onValue={setInstance}
            options={[
              { value: "", label: intoInstances ? "The first one" : "A fresh copy of the release" },
              ...running.map((one) => ({ value: one.name, label: one.name })),
            ]}
          />
        </Field>
        {live ? (
          <AllowedButton action="shell.open" app={app} onClick={close}>
            Close
          </AllowedButton>
        ) : (
          <AllowedButton kind="primary" action="shell.open" app={app} busy={busy} onClick={open}>
            {ended === undefined ? "Open a shell" : "Open again"}
          </AllowedButton>
        )}
        <span class="muted" role="status">
          {live
            ? opened === undefined
              ? "Opening…"
              : `In ${plain(opened.instance)}; closes after ${idleMinutes} minutes without a key.`
            : null}
        </span>
      </div>
      {error === undefined ? null : <ErrorNotice error={error} />}
      {ended === undefined ? null : <HowItEnded ended={ended} />}
      <div ref={screen} class="shell-screen" hidden={idleMinutes === undefined && !busy} />
      {idleMinutes === undefined && !busy ? (
        <Empty
          title={may("shell.open", app) ? "No shell is open" : "Opening a shell needs the role operator"}
        >
          {intoInstances
            ? "A shell runs inside the app's own instance, with its config and its rights."
            : "The provider lets nobody into an instance that serves: a shell runs in a fresh copy of the release, with its config and its rights, until it ends."}{" "}
          When it was opened and closed, and by whom, is written to the audit log; what is typed is not.
        </Empty>
      ) : null}
    </Page>
  );
}

function HowItEnded({ ended }: { readonly ended: Ended | "lost" }): JSX.Element {
  if (ended === "lost") return <Notice kind="warn" title="The connection to the shell was lost." />;
  const details = [ended.message, ended.hint].filter((one) => one !== undefined).map(plain);
  return (
    <Notice
      kind={ended.reason === "exited" ? "info" : "warn"}
      title={`${ENDED[ended.reason] ?? ENDED.failed}${ended.exitCode === undefined ? "" : ` Exit code ${ended.exitCode}.`}`}
    >
      {details.length === 0 ? undefined : details.join(" ")}
    </Notice>
  );
}
