import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { LEVELS, type Level, type Relabel } from "../../shared/log-types.js";
import { Button } from "../components/index.js";
import { Menu } from "./menu.js";
import { neutralised } from "./neutralise.js";

const nameOf = (level: Level): string => (level === "none" ? "no level" : level);

/** Says of which level lines of a process are, where their text tells another one or none. */
export function RelabelMenu(props: {
  readonly processes: readonly string[];
  readonly relabels: readonly Relabel[];
  onChange(relabels: readonly Relabel[]): void;
}): JSX.Element | null {
  const { relabels } = props;
  const processes = [...new Set([...props.processes, ...relabels.map(({ process }) => process)])];
  const [chosen, setProcess] = useState("");
  const [from, setFrom] = useState<Level>("none");
  const [to, setTo] = useState<Level>("error");
  const process = chosen === "" ? (processes[0] ?? "") : chosen;
  if (process === "") return null;
  const levels = (label: string, value: Level, set: (level: Level) => void): JSX.Element => (
    <label>
      <span>{label}</span>
      <select class="input" value={value} onChange={(event) => set(event.currentTarget.value as Level)}>
        {LEVELS.map((level) => (
          <option key={level} value={level}>
            {nameOf(level)}
          </option>
        ))}
      </select>
    </label>
  );
  return (
    <Menu label="Levels" active={relabels.length > 0} wide end>
      <p class="muted">
        A line's level is read from its text. Where that is wrong for a process, say here what its lines count
        as: in colours, filters, counts and the histogram. Kept in this browser, for this environment;
        downloads keep the level of the text.
      </p>
      <ul class="relabels">
        {relabels.map((one) => (
          <li key={`${one.from} ${one.process}`}>
            <span>{`${neutralised(one.process)}: ${nameOf(one.from)} counts as ${nameOf(one.to)}`}</span>
            <Button small onClick={() => props.onChange(relabels.filter((other) => other !== one))}>
              Remove
            </Button>
          </li>
        ))}
      </ul>
      <form
        class="menu-form"
        onSubmit={(event) => {
          event.preventDefault();
          const rest = relabels.filter((one) => one.process !== process || one.from !== from);
          props.onChange(from === to ? rest : [...rest, { process, from, to }]);
        }}
      >
        <label>
          <span>Lines of</span>
          <select class="input" value={process} onChange={(event) => setProcess(event.currentTarget.value)}>
            {processes.map((name) => (
              <option key={name} value={name}>
                {neutralised(name)}
              </option>
            ))}
          </select>
        </label>
        {levels("with", from, setFrom)}
        {levels("count as", to, setTo)}
        <Button small type="submit">
          Say so
        </Button>
      </form>
    </Menu>
  );
}
