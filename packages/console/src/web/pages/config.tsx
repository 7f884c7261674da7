import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { ConfigView, RevealedSecret, SecretView, VariableView } from "../../shared/app-types.js";
import { environmentPath, post } from "../api.js";
import {
  Badge,
  Button,
  Confirm,
  CopyButton,
  Dot,
  Empty,
  type Kind,
  Loaded,
  Page,
  type PageProps,
  RelativeTime,
  Table,
} from "../components/index.js";
import { AllowedButton } from "../parts/allowed-button.js";
import { Age, PartSection } from "../parts/part-view.js";
import { plain } from "../parts/plain.js";
import { useResource } from "../use-resource.js";
import "../parts/parts.css";

/** Seconds that a revealed value is shown. */
const SHOWN_SECONDS = 30;

/** Names of config and secrets; never a value, but one secret at a time for who may, on the record. */
export default function ConfigPage({ params }: PageProps): JSX.Element {
  const app = params.app ?? "";
  const environment = params.environment ?? "";
  const config = useResource<ConfigView>(environmentPath(app, environment, "config"));
  return (
    <Page
      title="Config"
      note={`${app} / ${environment}${config.data?.release === undefined ? "" : `, release ${config.data.release}`}`}
    >
      <Loaded resource={config}>
        {(data) => (
          <>
            <Secrets app={app} environment={environment} config={data} />
            <section class="stack" aria-labelledby="variables">
              <h2 id="variables">Variables</h2>
              <Table
                caption="Variables"
                rows={data.variables}
                keyOf={(variable) => `${variable.from} ${variable.name}`}
                empty={<Empty title="The app declares no variable" />}
                columns={[
                  {
                    key: "name",
                    title: "Name",
                    cell: (variable) => <span class="mono">{plain(variable.name)}</span>,
                  },
                  { key: "from", title: "From", cell: origin },
                  {
                    key: "service",
                    title: "In the release in service",
                    cell: (variable) =>
                      variable.inService === undefined ? (
                        <span class="muted">not known</span>
                      ) : variable.inService ? (
                        "yes"
                      ) : (
                        <Badge kind="warn">from the next release on</Badge>
                      ),
                  },
                ]}
              />
            </section>
            {data.addons.length === 0 ? null : <Addons addons={data.addons} />}
          </>
        )}
      </Loaded>
    </Page>
  );
}

function origin(variable: VariableView): string {
  switch (variable.from) {
    case "app":
      return "all processes";
    case "process":
      return (variable.processes ?? []).join(", ");
    case "addon":
      return `add-on ${variable.addon ?? ""}`;
    default:
      return "the release in service; no longer declared";
  }
}

function Secrets(props: {
  readonly app: string;
  readonly environment: string;
  readonly config: ConfigView;
}): JSX.Element {
  const { app, environment, config } = props;
  const [asking, setAsking] = useState<string>();
  const [revealed, setRevealed] = useState<RevealedSecret>();
  const refused = config.reveal === true ? undefined : config.reveal.no;
  return (
    <section class="stack" aria-labelledby="secrets">
      <div class="section-head">
        <h2 id="secrets">Secrets</h2>
        <Age part={config.secrets} />
      </div>
      {revealed === undefined ? null : (
        <Revealed key={revealed.name} secret={revealed} onHide={() => setRevealed(undefined)} />
      )}
      <PartSection part={config.secrets} what="secrets">
        {(secrets) => (
          <Table
            caption="Secrets, without their values"
            rows={secrets}
            keyOf={(secret) => secret.name}
            empty={<Empty title="The app declares no secret, and none is set" />}
            columns={[
              {
                key: "name",
                title: "Name",
                cell: (secret) => (
                  <span class="row">
                    <span class="mono">{plain(secret.name)}</span>
                    {secret.declared ? null : <Badge kind="warn">not declared</Badge>}
                  </span>
                ),
              },
              { key: "set", title: "Value", cell: (secret) => <SetState secret={secret} /> },
              {
                key: "at",
                title: "Set",
                cell: (secret) =>
                  secret.setAt === undefined ? (
                    <span class="muted">–</span>
                  ) : (
                    <span>
                      <RelativeTime at={secret.setAt} />
                      {secret.setBy === undefined ? null : (
                        <span class="muted"> by {plain(secret.setBy)}</span>
                      )}
                    </span>
                  ),
              },
              {
                key: "actions",
                title: <span class="visually-hidden">Actions</span>,
                align: "end",
                narrow: true,
                cell: (secret) =>
                  secret.set ? (
                    <AllowedButton
                      small
                      action="secrets.reveal"
                      app={app}
                      refused={refused}
                      label={`Reveal ${plain(secret.name)}`}
                      onClick={() => setAsking(secret.name)}
                    >
                      Reveal
                    </AllowedButton>
                  ) : null,
              },
            ]}
          />
        )}
      </PartSection>
      <Confirm
        open={asking !== undefined}
        title={`Reveal ${plain(asking ?? "")}?`}
        action="Reveal"
        onClose={() => setAsking(undefined)}
        onConfirm={async () => {
          setRevealed(
            await post<RevealedSecret>(environmentPath(app, environment, "secrets", asking!, "reveal")),
          );
        }}
      >
        <p>
          That you have seen this value is written to the audit log, with your name and address. It is shown
          for {SHOWN_SECONDS} seconds and kept nowhere.
        </p>
      </Confirm>
    </section>
  );
}

function SetState({ secret }: { readonly secret: SecretView }): JSX.Element {
  if (!secret.set) return <Badge kind={secret.declared ? "bad" : "neutral"}>not set</Badge>;
  const behind = secret.versionInService !== undefined && secret.versionInService !== secret.version;
  return (
    <span class="row">
      <span>
        set{secret.version === undefined ? "" : <span class="muted">, version {plain(secret.version)}</span>}
      </span>
      {behind ? (
        <Badge kind="warn" title={`In service: version ${plain(secret.versionInService ?? "")}`}>
          from the next release on
        </Badge>
      ) : null}
    </span>
  );
}

/** The value, until the time is up, the page is left, or somebody hides it. */
function Revealed(props: { readonly secret: RevealedSecret; onHide(): void }): JSX.Element {
  const { secret, onHide } = props;
  const [left, setLeft] = useState(SHOWN_SECONDS);
  useEffect(() => {
    const until = Date.now() + SHOWN_SECONDS * 1000;
    const timer = setInterval(() => {
      const rest = Math.ceil((until - Date.now()) / 1000);
      if (rest <= 0) onHide();
      else setLeft(rest);
    }, 250);
    const hide = (): void => {
      if (document.visibilityState === "hidden") onHide();
    };
    document.addEventListener("visibilitychange", hide);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", hide);
    };
  }, [secret]);
  return (
    <section class="card revealed" aria-label={`Value of ${plain(secret.name)}`}>
      <div class="section-head">
        <strong class="mono">{plain(secret.name)}</strong>
        <span class="muted" aria-hidden="true">
          hides in {left} s
        </span>
        <span class="section-actions">
          <CopyButton text={secret.value} />
          <Button small onClick={onHide}>
            Hide
          </Button>
        </span>
      </div>
      <pre class="code-block wrapped">{plain(secret.value)}</pre>
      <span class="visually-hidden" role="status">
        The value is shown for {SHOWN_SECONDS} seconds.
      </span>
    </section>
  );
}

const ADDON: Readonly<Record<string, Kind>> = {
  running: "good",
  starting: "info",
  stopped: "neutral",
  failed: "bad",
};

function Addons({ addons }: { readonly addons: ConfigView["addons"] }): JSX.Element {
  return (
    <section class="stack" aria-labelledby="addons">
      <h2 id="addons">Add-ons</h2>
      <Table
        caption="Add-ons"
        rows={addons}
        keyOf={(addon) => addon.name}
        columns={[
          { key: "name", title: "Add-on", cell: (addon) => `${addon.name} (${plain(addon.kind)})` },
          {
            key: "variable",
            title: "Variable",
            cell: (addon) => <span class="mono">{plain(addon.variable)}</span>,
          },
          {
            key: "state",
            title: "State",
            cell: (addon) =>
              addon.state === undefined ? (
                <span class="muted">not known</span>
              ) : (
                <span class="state">
                  <Dot kind={ADDON[addon.state] ?? "neutral"} /> {addon.state}
                </span>
              ),
          },
          { key: "description", title: "What", cell: (addon) => plain(addon.description ?? "–") },
        ]}
      />
    </section>
  );
}
