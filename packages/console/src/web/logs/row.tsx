import type { JSX } from "preact";
import type { LogEntry, ReleaseBoundary } from "../../shared/log-types.js";
import { DataLine } from "./data-line.js";
import type { Highlighter } from "./highlight.js";
import { LineText, SHOWN } from "./line-text.js";
import { neutralised } from "./neutralise.js";
import type { Row } from "./rows.js";
import { parseStructured } from "./structured.js";
import { ago, dayOf, dayTitle, iso, timeOfDay, type Zone } from "./times.js";
import type { Fold } from "./tracebacks.js";

/** What rows do. */
export interface RowActions {
  choose(seq: number, extend: boolean): void;
  toggle(seq: number): void;
  load(row: Row): void;
  filterText(text: string): void;
  context(seq: number): void;
  go(seq: number): void;
}

/** What a row is shown with. */
export interface RowProps {
  readonly row: Row;
  /** The row before, for what lies between: a new day, a new release. */
  readonly before: Row | undefined;
  readonly releases: readonly ReleaseBoundary[];
  readonly zone: Zone;
  /** Times are shown as how long before this they were. */
  readonly now: number | undefined;
  readonly lineHeight: number;
  readonly open: boolean;
  readonly selection: { readonly from: number; readonly to: number } | undefined;
  readonly highlighter: Highlighter;
  /** Lines are hidden by a filter: then each can be shown among its neighbours. */
  readonly filtered: boolean;
  readonly alike: readonly number[];
  readonly actions: RowActions;
}

/** One row of the list, with what is drawn above it. */
export function RowView(props: RowProps): JSX.Element {
  const { row } = props;
  if ("kind" in row && row.kind === "away") {
    return <div class="away" style={{ height: `${row.rows * props.lineHeight}px` }} />;
  }
  if ("kind" in row && row.kind === "skipped") {
    return (
      <div class="skipped">
        <span>{`${row.count.toLocaleString("en")} ${row.count === 1 ? "line" : "lines"} skipped`}</span>
        <button type="button" class="button button-small" onClick={() => props.actions.load(row)}>
          Load
        </button>
      </div>
    );
  }
  return (
    <>
      <Between {...props} />
      {"kind" in row ? <FoldRow {...props} fold={row} /> : <LineRow {...props} line={row} />}
    </>
  );
}

/** A new day, a new release: drawn between the lines. */
function Between({ row, before, releases, zone }: RowProps): JSX.Element | null {
  const line = lineOf(row)!;
  const previous = before === undefined ? undefined : lineOf(before);
  const day = previous !== undefined && dayOf(previous.time, zone) !== dayOf(line.time, zone);
  const from =
    previous?.seq ?? (before !== undefined && "kind" in before && before.kind !== "fold" ? before.to : -1);
  const begun = from < 0 ? [] : releases.filter((one) => one.seq > from && one.seq <= line.seq);
  if (!day && begun.length === 0) return null;
  return (
    <>
      {day ? (
        <div class="between">
          <span>{dayTitle(line.time, zone)}</span>
        </div>
      ) : null}
      {begun.map((one) => (
        <div key={one.release} class="between between-release">
          <span>{`Release ${one.release}`}</span>
        </div>
      ))}
    </>
  );
}

function LineRow(props: RowProps & { readonly line: LogEntry }): JSX.Element {
  const { line, open, highlighter, actions } = props;
  const data = parseStructured(line.text);
  const long = line.text.length > SHOWN;
  return (
    <Frame {...props} expandable={data !== undefined || long}>
      {data === undefined ? (
        <LineText text={line.text} highlighter={highlighter} open={open} />
      ) : (
        <DataLine
          line={line.text}
          data={data}
          highlighter={highlighter}
          open={open}
          onFilter={actions.filterText}
        />
      )}
    </Frame>
  );
}

function FoldRow(props: RowProps & { readonly fold: Fold }): JSX.Element {
  const { fold, open, highlighter, alike } = props;
  const place = alike.indexOf(fold.head.seq);
  const next = alike[(place + 1) % alike.length];
  return (
    <Frame {...props} line={fold.head} expandable>
      <span class="fold-head">
        <span class="fold-type">{neutralised(fold.type.split(".").at(-1) ?? fold.type)}</span>{" "}
        <LineText text={fold.summary} highlighter={highlighter} />
        {fold.cause === undefined ? null : (
          <span class="fold-cause">{` ← ${neutralised(fold.cause).slice(0, 200)}`}</span>
        )}
        <span class="fold-count">{`${fold.lines.length} lines`}</span>
        {alike.length > 1 && next !== undefined ? (
          <button
            type="button"
            class="fold-alike"
            title="To the next one that is alike"
            onClick={(event) => {
              event.stopPropagation();
              props.actions.go(next);
            }}
          >
            {`×${alike.length} alike`}
          </button>
        ) : null}
      </span>
      {open ? (
        <div class="fold-lines">
          {fold.lines.map((one) => (
            <div key={one.seq} class="fold-line" data-line={one.seq}>
              <LineText text={one.text === "" ? " " : one.text} highlighter={highlighter} />
            </div>
          ))}
        </div>
      ) : null}
    </Frame>
  );
}

function Frame(
  props: RowProps & {
    readonly line: LogEntry;
    readonly expandable: boolean;
    readonly children: JSX.Element | (JSX.Element | null)[];
  },
): JSX.Element {
  const { line, actions, selection, open, zone, now } = props;
  const last = "kind" in props.row && props.row.kind === "fold" ? props.row.lines.at(-1)!.seq : line.seq;
  const chosen = selection !== undefined && last >= selection.from && line.seq <= selection.to;
  const choose = (event: MouseEvent): void => actions.choose(line.seq, event.shiftKey);
  return (
    <div
      class={`line level-${line.level}${chosen ? " chosen" : ""}${line.stream === "system" ? " system" : ""}`}
      data-line={line.seq}
    >
      <span class="gutter">
        <a
          class="time"
          href={`?line=${line.seq}`}
          tabIndex={-1}
          title={`${iso(line.time)}, line ${line.seq}. Shift-click chooses up to here.`}
          onMouseDown={(event) => {
            if (event.shiftKey) event.preventDefault();
          }}
          onClick={(event) => {
            if (event.metaKey || event.ctrlKey) return;
            event.preventDefault();
            choose(event);
          }}
        >
          {now === undefined ? timeOfDay(line.time, zone) : ago(line.time, now)}
        </a>
        <span
          class="instance"
          title={`${neutralised(line.instance)}, ${line.stream}${line.release === undefined ? "" : `, release ${line.release}`}`}
        >
          {neutralised(line.instance)}
        </span>
        <span class="level-mark" title={line.level === "none" ? "no level" : line.level}>
          {MARKS[line.level]}
        </span>
      </span>
      {props.expandable ? (
        <button
          type="button"
          class="twist"
          tabIndex={-1}
          aria-expanded={open}
          aria-label={open ? "Fold" : "Unfold"}
          onClick={() => actions.toggle(line.seq)}
        >
          {open ? "▾" : "▸"}
        </button>
      ) : (
        <span class="twist-space" />
      )}
      <span class="message" dir="ltr">
        {props.children}
      </span>
      {props.filtered ? (
        <button
          type="button"
          class="context-button"
          tabIndex={-1}
          title="Shows what is around it: text, level and time hide nothing; process, instance, release and stream still do"
          onClick={() => actions.context(line.seq)}
        >
          Context
        </button>
      ) : null}
    </div>
  );
}

const MARKS: Readonly<Record<LogEntry["level"], string>> = {
  fatal: "F",
  error: "E",
  warn: "W",
  info: "I",
  debug: "D",
  trace: "T",
  none: "",
};

function lineOf(row: Row): LogEntry | undefined {
  if (!("kind" in row)) return row;
  return row.kind === "fold" ? row.head : undefined;
}
