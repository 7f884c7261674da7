import type { DeployEvent } from "@deploy/core";
import type { Output } from "../terminal.js";
import { neutralise, neutraliseLine } from "./neutralise.js";
import type { Reporter } from "./reporter.js";
import type { Style } from "./style.js";
import { formatSeconds } from "./units.js";

/** The same wait is said again after so long, so that a log of a slow deploy stays readable. */
const REPEAT_WAIT_MS = 15_000;

/** A line for each event, for pipes, CI and dumb terminals: nothing moves. */
export function createLineReporter(output: Output, style: Style): Reporter {
  const waits = new Map<string, { readonly message: string; readonly time: number }>();
  return {
    event: (event) => {
      if (event.type === "waiting") {
        const last = waits.get(event.id);
        const time = Date.parse(event.time);
        if (last?.message === event.message && time - last.time < REPEAT_WAIT_MS) return;
        waits.set(event.id, { message: event.message, time });
      }
      const line = lineOf(event, style);
      return line === undefined ? undefined : output.write(`${line}\n`);
    },
    note: (text) => void output.write(`${text}\n`),
    close: () => {},
  };
}

function lineOf(event: DeployEvent, style: Style): string | undefined {
  const message = neutralise(event.message);
  switch (event.type) {
    case "planned":
      return message;
    case "note":
      return `${style.yellow("!")} ${message}`;
    case "finished":
      return undefined;
    case "started":
      return event.action === "read" ? undefined : `${style.cyan("→")} ${neutralise(event.label)}`;
    case "done":
      return event.action === "read"
        ? undefined
        : `${style.green("✓")} ${neutralise(event.label)}  ${style.dim(formatSeconds(event.seconds))}`;
    case "failed":
      return `${style.red("✖")} ${neutralise(event.label)}: ${neutralise(event.error.message)}`;
    case "skipped":
      return style.dim(`- ${neutralise(event.label)}: ${neutralise(event.reason)}`);
    case "output":
      return `  ${style.dim(`${neutralise(event.label)} |`)} ${neutraliseLine(event.text)}`;
    default:
      return `  ${style.dim(withLabel(neutralise(event.label), message))}`;
  }
}

function withLabel(label: string, message: string): string {
  return message.startsWith(label) ? message : `${label}: ${message}`;
}
