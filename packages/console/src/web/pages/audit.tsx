import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { AuditEntry, AuditPage as AuditPart, AuditVerdict } from "../../shared/access-types.js";
import { get, withQuery } from "../api.js";
import {
  Badge,
  Button,
  Empty,
  ErrorNotice,
  Field,
  Loaded,
  Notice,
  Page,
  RelativeTime,
  Select,
  Table,
  TextInput,
} from "../components/index.js";
import { auditWords, isGrave, matchesAudit } from "../parts/audit-words.js";
import { Forbidden } from "../parts/forbidden.js";
import { plain } from "../parts/plain.js";
import { useAction } from "../parts/use-action.js";
import { place, setQuery } from "../router.js";
import { may, me } from "../session.js";
import { useResource } from "../use-resource.js";
import "../parts/parts.css";

const PAGE_SIZE = 100;

/** What was done, by whom, from where: of all apps, or of one. */
export default function AuditPage(): JSX.Element {
  const all = may("audit.read-all");
  const apps = (me.value?.apps ?? [])
    .filter((one) => one.actions.includes("audit.read"))
    .map((one) => one.app);
  const asked = place.value.query.get("app") ?? "";
  const app = all || apps.includes(asked) ? asked : (apps[0] ?? "");
  if (!all && app === "") return <Forbidden title="Audit log" action="audit.read" />;
  return (
    <Page title="Audit log" note={all ? <Chain /> : undefined}>
      <Log
        key={app}
        app={app}
        apps={[
          ...(all ? [{ value: "", label: "All" }] : []),
          ...apps.map((name) => ({ value: name, label: name })),
        ]}
      />
    </Page>
  );
}

function Log(props: {
  readonly app: string;
  readonly apps: readonly { readonly value: string; readonly label: string }[];
}): JSX.Element {
  const path = props.app === "" ? "/api/audit" : `/api/apps/${encodeURIComponent(props.app)}/audit`;
  const newest = useResource<AuditPart>(withQuery(path, { limit: PAGE_SIZE }), { every: 15_000 });
  const [older, setOlder] = useState<readonly AuditEntry[]>([]);
  const [oldest, setOldest] = useState<boolean>();
  const [words, setWords] = useState("");
  const { busy, error, run } = useAction();
  const more = (before: number): void =>
    void run(async () => {
      const page = await get<AuditPart>(path, { query: { before, limit: PAGE_SIZE } });
      setOlder((known) => [...known, ...page.entries]);
      setOldest(!page.hasOlder);
    });
  return (
    <>
      <div class="fields">
        <Field label="App">
          <Select
            value={props.app}
            options={props.apps}
            onValue={(app) => setQuery({ app: app === "" ? undefined : app })}
          />
        </Field>
        <Field label="Contains" hint="In the entries that are loaded: person, action, subject, address.">
          <TextInput type="search" value={words} onValue={setWords} />
        </Field>
      </div>
      <Loaded resource={newest}>
        {(data) => {
          const known = new Map([...data.entries, ...older].map((entry) => [entry.id, entry]));
          const entries = [...known.values()].sort((a, b) => b.id - a.id);
          const hasOlder = oldest === undefined ? data.hasOlder : !oldest;
          const shown = entries.filter((entry) => matchesAudit(entry, words));
          return (
            <>
              <Entries entries={shown} filtered={words.trim() !== ""} />
              {error === undefined ? null : <ErrorNotice error={error} />}
              {hasOlder ? (
                <div>
                  <Button busy={busy} onClick={() => more(entries.at(-1)!.id)}>
                    Load older entries
                  </Button>
                </div>
              ) : null}
            </>
          );
        }}
      </Loaded>
    </>
  );
}

function Entries(props: {
  readonly entries: readonly AuditEntry[];
  readonly filtered: boolean;
}): JSX.Element {
  return (
    <Table
      caption="Audit log, newest first"
      rows={props.entries}
      keyOf={(entry) => entry.id}
      empty={<Empty title={props.filtered ? "No loaded entry contains that" : "Nothing was recorded yet"} />}
      columns={[
        { key: "time", title: "When", narrow: true, cell: (entry) => <RelativeTime at={entry.time} /> },
        { key: "actor", title: "Who", cell: (entry) => plain(entry.actor) },
        {
          key: "action",
          title: "What",
          cell: (entry) => (
            <span class={isGrave(entry.action) ? "grave" : undefined} title={plain(entry.action)}>
              {auditWords(entry.action)}
            </span>
          ),
        },
        {
          key: "subject",
          title: "About",
          cell: (entry) => (
            <div class="two-lines">
              <span>{plain(entry.subject ?? "")}</span>
              {entry.detail === undefined ? null : <span class="muted">{plain(entry.detail)}</span>}
            </div>
          ),
        },
        {
          key: "where",
          title: "App",
          cell: (entry) =>
            [entry.app === "*" ? "all apps" : entry.app, entry.environment].filter(Boolean).join(" / "),
        },
        {
          key: "address",
          title: "From",
          cell: (entry) => <span class="mono">{plain(entry.address ?? "")}</span>,
        },
      ]}
    />
  );
}

/** Whether anybody has tampered with the log: each entry carries the hash of the one before it. */
function Chain(): JSX.Element | null {
  const verdict = useResource<AuditVerdict>("/api/audit/verify");
  if (verdict.error !== undefined) return <Badge kind="warn">chain not checked</Badge>;
  if (verdict.data === undefined) return null;
  if (!verdict.data.intact) {
    return (
      <Notice kind="bad" title={`The chain of hashes is broken at entry ${verdict.data.brokenAt}.`}>
        {plain(verdict.data.reason)} What was recorded from there on cannot be trusted.
      </Notice>
    );
  }
  return (
    <Badge kind="good" title={verdict.data.head === undefined ? "" : `Head: ${verdict.data.head}`}>
      chain of {verdict.data.entries} entries intact
    </Badge>
  );
}
