import type { JSX } from "preact";
import type { RecordView } from "../../shared/app-types.js";
import { Badge, Dot, type Kind, Table } from "../components/index.js";
import { plain } from "./plain.js";

const HELD: Readonly<Record<RecordView["held"], readonly [Kind, string]>> = {
  ours: ["good", "ours"],
  foreign: ["bad", "somebody else's"],
  missing: ["bad", "missing"],
  "by hand": ["neutral", "by hand"],
  unknown: ["neutral", "not known"],
};

const ANSWERED = { everywhere: "good", partly: "info", nowhere: "bad", unknown: "neutral" } as const;

/** DNS records: as wanted, as held by the vendor, as the name servers answer. */
export function Records(props: {
  readonly records: readonly RecordView[];
  readonly caption: string;
}): JSX.Element {
  return (
    <Table
      caption={props.caption}
      rows={props.records}
      keyOf={(record) => `${record.type} ${record.name} ${record.wanted?.join(" ")}`}
      empty={<p class="muted">No record is needed.</p>}
      columns={[
        {
          key: "name",
          title: "Record",
          cell: (record) => (
            <span class="mono">
              {record.type ?? "?"} {plain(record.name ?? "not known yet")}
            </span>
          ),
        },
        { key: "wanted", title: "Wanted", cell: (record) => <Values values={record.wanted} /> },
        {
          key: "held",
          title: "At the vendor",
          cell: (record) => {
            const [kind, word] = HELD[record.held] ?? ["neutral", record.held];
            return (
              <div class="two-lines">
                <span class="row">
                  <Badge kind={kind}>{word}</Badge>
                  {record.changes ? <Badge kind="warn">the next deployment changes it</Badge> : null}
                </span>
                {record.owner === undefined ? null : <span class="muted">{plain(record.owner)}</span>}
                {record.present === undefined || same(record) ? null : <Values values={record.present} />}
              </div>
            );
          },
        },
        {
          key: "answered",
          title: "Name servers",
          cell: (record) =>
            record.answered === undefined ? (
              <span class="muted">not asked</span>
            ) : (
              <span class="state" title={plain(record.answered.reason ?? "")}>
                <Dot kind={ANSWERED[record.answered.state] ?? "neutral"} />
                {record.answered.of === 0
                  ? "could not be asked"
                  : `${record.answered.agree} of ${record.answered.of} agree`}
              </span>
            ),
        },
      ]}
    />
  );
}

function same(record: RecordView): boolean {
  return record.present?.join("\n") === record.wanted?.join("\n");
}

function Values({ values }: { readonly values: readonly string[] | undefined }): JSX.Element {
  if (values === undefined) return <span class="muted">not known yet</span>;
  return (
    <ul class="plain-list mono">
      {values.map((value) => (
        <li key={value}>{plain(value)}</li>
      ))}
    </ul>
  );
}
