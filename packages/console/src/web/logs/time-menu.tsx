import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { LogFilter } from "../../shared/log-types.js";
import { Button } from "../components/index.js";
import { zone } from "../preferences.js";
import { closeMenu, Menu } from "./menu.js";
import { dayOf, parseTime, timeOfDay } from "./times.js";

const RANGES: readonly (readonly [string, number])[] = [
  ["15 minutes", 900_000],
  ["1 hour", 3_600_000],
  ["6 hours", 21_600_000],
  ["24 hours", 86_400_000],
  ["7 days", 604_800_000],
];

/** Jumps to a moment, or narrows to a stretch of time. */
export function TimeMenu(props: {
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

function moment(time: number): string {
  return `${dayOf(time, zone.value).slice(5)} ${timeOfDay(time, zone.value).slice(0, 5)}`;
}
