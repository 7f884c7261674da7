import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Highlighter } from "./highlight.js";
import { LineText } from "./line-text.js";
import { neutralised } from "./neutralise.js";
import { type Field, filterFor, isLiteral, type Structured, type Value, valueText } from "./structured.js";

/** Fields that the gutter shows already. */
const KNOWN = new Set([
  "time",
  "timestamp",
  "ts",
  "@timestamp",
  "level",
  "lvl",
  "severity",
  "loglevel",
  "v",
  "pid",
  "hostname",
]);

interface DataProps {
  readonly line: string;
  readonly data: Structured;
  readonly highlighter: Highlighter;
  readonly open: boolean;
  /** Shows only lines with this in them. */
  onFilter(text: string): void;
}

/** A JSON or logfmt line: message and fields in one line, and all of them below once it is opened. */
export function DataLine(props: DataProps): JSX.Element {
  const { data, line } = props;
  const shown = data.fields.filter((field) => !KNOWN.has(field.name.toLowerCase()));
  return (
    <>
      {data.message === undefined ? null : (
        <span class="data-message">
          <LineText text={data.message} highlighter={props.highlighter} />
        </span>
      )}
      {shown.slice(0, 12).map((field) => (
        <span key={field.name} class="data-field">
          <span class="data-name">{neutralised(field.name)}=</span>
          <LineText text={valueText(field.value, 80)} highlighter={props.highlighter} />
        </span>
      ))}
      {shown.length > 12 ? <span class="data-more">{`+${shown.length - 12}`}</span> : null}
      {props.open ? (
        <div class="data-tree">
          {(data.message === undefined ? [] : [{ name: "message", value: data.message } satisfies Field])
            .concat(data.fields as { name: string; value: string }[])
            .map((field) => (
              <Branch key={field.name} {...props} name={field.name} value={field.value} depth={0} />
            ))}
          <details class="data-raw">
            <summary>As it was written</summary>
            <LineText text={line} highlighter={props.highlighter} open />
          </details>
        </div>
      ) : null}
    </>
  );
}

function Branch(
  props: DataProps & { readonly name: string; readonly value: Value; readonly depth: number },
): JSX.Element {
  const { name, value, depth } = props;
  const [open, setOpen] = useState(depth < 1);
  const inside =
    typeof value === "object" && value !== null && !isLiteral(value) ? Object.entries(value) : undefined;
  const filter =
    depth === 0 || typeof value !== "object"
      ? filterFor(props.line, props.data.kind, name, value)
      : undefined;
  return (
    <div class="branch">
      {inside === undefined || inside.length === 0 ? (
        <span class="branch-space" />
      ) : (
        <button
          type="button"
          class="twist"
          aria-expanded={open}
          aria-label={`${open ? "Fold" : "Unfold"} ${neutralised(name)}`}
          onClick={() => setOpen(!open)}
        >
          {open ? "▾" : "▸"}
        </button>
      )}
      <span class="data-name">{neutralised(name)}</span>
      {": "}
      {filter === undefined || (inside !== undefined && inside.length > 0) ? (
        <span class={`value value-${kindOf(value)}`}>{neutralised(valueText(value, 2000))}</span>
      ) : (
        <button
          type="button"
          class={`value value-filter value-${kindOf(value)}`}
          title={`Only lines with ${neutralised(filter).slice(0, 200)}`}
          onClick={() => props.onFilter(filter)}
        >
          {neutralised(valueText(value, 2000))}
        </button>
      )}
      {open && inside !== undefined && depth < 30 ? (
        <div class="branch-inside">
          {inside.slice(0, 200).map(([key, inner]) => (
            <Branch key={key} {...props} name={key} value={inner as Value} depth={depth + 1} />
          ))}
          {inside.length > 200 ? <div class="muted">{`… ${inside.length - 200} more`}</div> : null}
        </div>
      ) : null}
    </div>
  );
}

function kindOf(value: Value): string {
  if (value === null) return "null";
  return isLiteral(value) ? "number" : Array.isArray(value) ? "object" : typeof value;
}
