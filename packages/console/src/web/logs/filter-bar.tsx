import type { JSX, RefObject } from "preact";
import { useEffect, useState } from "preact/hooks";
import { LEVELS, type Level, type LogFacts, type LogFilter, type Relabel } from "../../shared/log-types.js";
import { Button } from "../components/index.js";
import { Menu } from "./menu.js";
import { RelabelMenu } from "./relabel-menu.js";
import { isFiltered, type SearchState, withoutEmpty } from "./search-state.js";
import { TimeMenu } from "./time-menu.js";

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
    onChange({ ...state, filter: withoutEmpty({ ...filter, ...changes }) });
  };
  const withText = (): SearchState => ({
    ...state,
    filter: withoutEmpty({ ...filter, text: text === "" ? undefined : text }),
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
        onChange({
          ...next,
          filter: withoutEmpty({ ...next.filter, [name]: filter[name] ? undefined : true }),
        });
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

function short(count: number): string {
  if (count < 10_000) return String(count);
  return count < 1_000_000 ? `${Math.round(count / 1000)}k` : `${(count / 1_000_000).toFixed(1)}M`;
}
