import type { JSX, RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { LEVELS, type Level, type LogFacts, type LogFilter, type Relabel } from "../../shared/log-types.js";
import { Button } from "../components/index.js";
import { zone } from "../preferences.js";
import { RelabelMenu } from "./relabel-menu.js";
import { dayOf, parseTime, timeOfDay } from "./times.js";

/** What is looked for, and whether the rest is hidden. */
export interface SearchState {
  readonly filter: LogFilter;
  /** The text is searched for and marked; else only lines with it are shown. */
  readonly find: boolean;
}

interface BarProps {
  readonly state: SearchState;
  readonly facts: LogFacts | undefined;
  /** Lines by level in the stretch of time that the histogram shows. */
  readonly counts: Readonly<Partial<Record<Level, number>>>;
  readonly input: RefObject<HTMLInputElement | null>;
  /** What was said of levels. */
  readonly relabels: readonly Relabel[];
  onRelabel(relabels: readonly Relabel[]): void;
  onChange(state: SearchState): void;
  /** Enter was pressed in the field, with what is in it. */
  onSearch(state: SearchState): void;
  onJump(time: number): void;
}

/** Everything that narrows the lines. */
export function FilterBar(props: BarProps): JSX.Element {
  const { state, facts, counts, onChange } = props;
  const { filter } = state;
  const [text, setText] = useState(filter.text ?? "");
  useEffect(() => setText(filter.text ?? ""), [filter.text]);
  const set = (changes: { readonly [K in keyof LogFilter]?: LogFilter[K] | undefined }): void => {
    onChange({ ...state, filter: clean({ ...filter, ...changes }) });
  };
  const withText = (): SearchState => ({
    ...state,
    filter: clean({ ...filter, text: text === "" ? undefined : text }),
  });
  const toggle = (name: "regex" | "caseSensitive" | "invert", label: string, sign: string): JSX.Element => (
    <button
      type="button"
      class="search-toggle"
      aria-pressed={filter[name] === true}
      aria-label={label}
      title={label}
      onClick={() => {
        const next = withText();
        onChange({ ...next, filter: clean({ ...next.filter, [name]: filter[name] ? undefined : true }) });
      }}
    >
      {sign}
    </button>
  );
  return (
    <search class="filter-bar">
      <form
        class="search"
        onSubmit={(event) => {
          event.preventDefault();
          props.onSearch(withText());
        }}
      >
        <input
          ref={props.input}
          type="search"
          class="search-input"
          placeholder={state.find ? "Search the history" : "Only lines with …"}
          aria-label={state.find ? "Search the history" : "Only lines with this text"}
          spellcheck={false}
          autocomplete="off"
          maxLength={1000}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Escape") event.currentTarget.blur();
          }}
        />
        {toggle("caseSensitive", "Match case", "Aa")}
        {toggle("regex", "Regular expression", ".*")}
        {toggle("invert", "Lines without it", "≠")}
        <fieldset class="search-mode">
          <legend class="visually-hidden">What a search does</legend>
          {(
            [
              [true, "Find"],
              [false, "Filter"],
            ] as const
          ).map(([find, label]) => (
            <button
              key={label}
              type="button"
              aria-pressed={state.find === find}
              title={find ? "Search backwards and mark matches" : "Hide all other lines"}
              onClick={() => onChange({ ...withText(), find })}
            >
              {label}
            </button>
          ))}
        </fieldset>
      </form>
      <Facet
        name="Process"
        values={facts?.processes ?? []}
        chosen={filter.processes ?? []}
        onChange={(processes) => set({ processes })}
      />
      <Facet
        name="Instance"
        values={facts?.instances ?? []}
        chosen={filter.instances ?? []}
        onChange={(instances) => set({ instances })}
      />
      <Facet
        name="Release"
        values={(facts?.releases ?? []).map((one) => String(one.release)).reverse()}
        chosen={(filter.releases ?? []).map(String)}
        onChange={(releases) => set({ releases: releases.map(Number) })}
      />
      <Facet
        name="Stream"
        values={["stdout", "stderr", "system"]}
        chosen={filter.streams ?? []}
        onChange={(streams) => set({ streams: streams as NonNullable<LogFilter["streams"]> })}
      />
      <TimeMenu filter={filter} onRange={(since, until) => set({ since, until })} onJump={props.onJump} />
      <RelabelMenu processes={facts?.processes ?? []} relabels={props.relabels} onChange={props.onRelabel} />
      <fieldset class="levels">
        <legend class="visually-hidden">Levels</legend>
        {LEVELS.map((level) => {
          const on = filter.levels?.includes(level) ?? false;
          const count = counts[level] ?? 0;
          if (count === 0 && !on && (level === "fatal" || level === "trace" || level === "debug"))
            return null;
          return (
            <button
              key={level}
              type="button"
              class={`chip chip-${level}`}
              aria-pressed={on}
              onClick={() => {
                const before = filter.levels ?? [];
                set({ levels: on ? before.filter((one) => one !== level) : [...before, level] });
              }}
            >
              {level === "none" ? "no level" : level}
              <span class="chip-count">{short(count)}</span>
            </button>
          );
        })}
      </fieldset>
      {isFiltered(filter) ? (
        <Button
          small
          kind="quiet"
          onClick={() => {
            setText("");
            onChange({ ...state, filter: {} });
          }}
        >
          Clear
        </Button>
      ) : null}
    </search>
  );
}

/** Names to choose from, in a menu. */
function Facet(props: {
  readonly name: string;
  readonly values: readonly string[];
  readonly chosen: readonly string[];
  onChange(chosen: readonly string[]): void;
}): JSX.Element | null {
  const { chosen } = props;
  const values = [...new Set([...props.values, ...chosen])];
  if (values.length < 2 && chosen.length === 0) return null;
  return (
    <Menu
      label={
        chosen.length === 0 ? props.name : `${props.name}: ${chosen.length === 1 ? chosen[0] : chosen.length}`
      }
      active={chosen.length > 0}
    >
      {values.slice(0, 200).map((value) => (
        <label key={value} class="menu-check">
          <input
            type="checkbox"
            checked={chosen.includes(value)}
            onChange={(event) =>
              props.onChange(
                event.currentTarget.checked ? [...chosen, value] : chosen.filter((one) => one !== value),
              )
            }
          />
          <span>{value}</span>
        </label>
      ))}
    </Menu>
  );
}

const RANGES: readonly (readonly [string, number])[] = [
  ["15 minutes", 900_000],
  ["1 hour", 3_600_000],
  ["6 hours", 21_600_000],
  ["24 hours", 86_400_000],
  ["7 days", 604_800_000],
];

function TimeMenu(props: {
  readonly filter: LogFilter;
  onRange(since: number | undefined, until: number | undefined): void;
  onJump(time: number): void;
}): JSX.Element {
  const { since, until } = props.filter;
  const [jump, setJump] = useState("");
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("");
  const [wrong, setWrong] = useState("");
  const read = (text: string): number | undefined => parseTime(text, Date.now(), zone.value);
  const active = since !== undefined || until !== undefined;
  const label = active
    ? `${since === undefined ? "…" : moment(since)} – ${until === undefined ? "now" : moment(until)}`
    : "Time";
  return (
    <Menu label={label} active={active} wide>
      <form
        class="menu-form"
        onSubmit={(event) => {
          event.preventDefault();
          const time = read(jump);
          setWrong(time === undefined ? "That is no time. Try 10m ago, 14:03 or 2026-11-22T14:03Z." : "");
          if (time === undefined) return;
          closeMenu(event.currentTarget);
          props.onJump(time);
        }}
      >
        <label>
          <span>Jump to</span>
          <input
            class="input jump-input"
            placeholder="10m ago, 14:03, 2026-11-22T14:03Z"
            value={jump}
            onInput={(event) => setJump(event.currentTarget.value)}
          />
        </label>
        <Button small type="submit">
          Jump
        </Button>
      </form>
      <form
        class="menu-form"
        onSubmit={(event) => {
          event.preventDefault();
          const first = from === "" ? undefined : read(from);
          const last = to === "" ? undefined : read(to);
          const bad = (from !== "" && first === undefined) || (to !== "" && last === undefined);
          const turned = first !== undefined && last !== undefined && last <= first;
          setWrong(bad ? "That is no time." : turned ? "The end must be later than the beginning." : "");
          if (bad || turned) return;
          closeMenu(event.currentTarget);
          props.onRange(first, last);
        }}
      >
        <label>
          <span>From</span>
          <input
            class="input"
            placeholder="2h ago"
            value={from}
            onInput={(event) => setFrom(event.currentTarget.value)}
          />
        </label>
        <label>
          <span>to</span>
          <input
            class="input"
            placeholder="now"
            value={to}
            onInput={(event) => setTo(event.currentTarget.value)}
          />
        </label>
        <Button small type="submit">
          Show
        </Button>
      </form>
      {wrong === "" ? null : (
        <p class="field-error" role="alert">
          {wrong}
        </p>
      )}
      <div class="row">
        {RANGES.map(([name, length]) => (
          <Button
            key={name}
            small
            onClick={(event: MouseEvent) => {
              closeMenu(event.currentTarget as Element);
              props.onRange(Date.now() - length, undefined);
            }}
          >
            {name}
          </Button>
        ))}
        <Button
          small
          onClick={(event: MouseEvent) => {
            closeMenu(event.currentTarget as Element);
            props.onRange(undefined, undefined);
          }}
        >
          All
        </Button>
      </div>
    </Menu>
  );
}

/** A menu that opens below its button; Escape or a click elsewhere closes it. */
export function Menu(props: {
  readonly label: string;
  readonly active?: boolean;
  readonly wide?: boolean;
  readonly end?: boolean;
  readonly children: JSX.Element | (JSX.Element | null)[] | JSX.Element[];
}): JSX.Element {
  const element = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const close = (event: Event): void => {
      const menu = element.current;
      if (menu?.open !== true) return;
      if (event instanceof KeyboardEvent) {
        if (event.key !== "Escape") return;
        menu.open = false;
        menu.querySelector("summary")?.focus();
      } else if (!menu.contains(event.target as Node)) menu.open = false;
    };
    document.addEventListener("keydown", close);
    document.addEventListener("pointerdown", close);
    return () => {
      document.removeEventListener("keydown", close);
      document.removeEventListener("pointerdown", close);
    };
  }, []);
  return (
    <details ref={element} class={`menu${props.wide ? " menu-wide" : ""}${props.end ? " menu-end" : ""}`}>
      <summary class={props.active ? "menu-button menu-active" : "menu-button"}>{props.label}</summary>
      <div class="menu-body">{props.children}</div>
    </details>
  );
}

function closeMenu(inside: Element): void {
  const menu = inside.closest("details");
  if (menu !== null) menu.open = false;
}

function moment(time: number): string {
  return `${dayOf(time, zone.value).slice(5)} ${timeOfDay(time, zone.value).slice(0, 5)}`;
}

function short(count: number): string {
  if (count < 10_000) return String(count);
  return count < 1_000_000 ? `${Math.round(count / 1000)}k` : `${(count / 1_000_000).toFixed(1)}M`;
}

/** Whether anything is narrowed. */
export function isFiltered({ relabels: _, ...filter }: LogFilter): boolean {
  return Object.keys(clean(filter)).length > 0;
}

/** Without fields that narrow nothing. */
function clean(filter: { readonly [K in keyof LogFilter]?: LogFilter[K] | undefined }): LogFilter {
  return Object.fromEntries(
    Object.entries(filter).filter(
      ([, value]) => value !== undefined && value !== false && (!Array.isArray(value) || value.length > 0),
    ),
  ) as LogFilter;
}
