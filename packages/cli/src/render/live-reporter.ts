import type { DeployEvent } from "@deploy/core";
import type { Output } from "../terminal.js";
import { createLiveArea } from "./live.js";
import { neutralise, neutraliseLine } from "./neutralise.js";
import { createStepOutput, type RunningStep } from "./progress-state.js";
import type { Reporter } from "./reporter.js";
import type { Style } from "./style.js";
import { formatSeconds } from "./units.js";
import { displayWidth, truncate } from "./width.js";

const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const FRAME_MS = 100;
const OUTPUT_LINES = 3;

/** A line for each running step with a spinner and its seconds; what is done stays above. */
export function createLiveReporter(output: Output, style: Style): Reporter {
  const area = createLiveArea(output);
  const running = new Map<string, RunningStep>();
  let frame = 0;
  let closed = false;

  const redraw = (kept: readonly string[] = []): void => {
    if (closed) return;
    area.draw(liveLines([...running.values()], output, style, frame), kept);
  };
  const timer = setInterval(() => {
    frame += 1;
    if (running.size > 0) redraw();
  }, FRAME_MS);
  const stopListening = output.onResize(() => redraw());

  return {
    event: (event) => redraw(apply(event, running, style, output.columns())),
    note: (text) => redraw(text.split("\n")),
    close: () => {
      if (closed) return;
      closed = true;
      clearInterval(timer);
      stopListening();
      area.close();
    },
  };
}

/** Brings `running` up to date; answers with the lines that stay. */
function apply(
  event: DeployEvent,
  running: Map<string, RunningStep>,
  style: Style,
  columns: number,
): string[] {
  if (event.type === "planned" || event.type === "finished") return [];
  const message = neutralise(event.message);
  if (event.type === "note") return [truncate(`${style.yellow("!")} ${message}`, columns * 10)];
  const label = neutralise(event.label);
  if (event.type === "skipped") {
    running.delete(event.id);
    return [style.dim(truncate(`- ${label}: ${neutralise(event.reason)}`, columns - 1))];
  }
  const step = running.get(event.id) ?? startStep(event.id, label, Date.parse(event.time));
  if (event.type === "done") {
    running.delete(event.id);
    return event.action === "read" ? [] : [doneLine(label, event.seconds, style, columns)];
  }
  if (event.type === "failed") {
    running.delete(event.id);
    return failedLines(step, neutralise(event.error.message), style);
  }
  running.set(event.id, step);
  if (event.type === "output") step.output.add(neutraliseLine(event.text));
  else if (event.type === "started") step.detail = "";
  else step.detail = detailOf(message, label);
  return [];
}

/** Messages often begin with the label, which stands there already. */
function detailOf(message: string, label: string): string {
  return message.startsWith(label) ? message.slice(label.length).replace(/^[:,]?\s*/, "") : message;
}

function startStep(id: string, label: string, time: number): RunningStep {
  return {
    id,
    label,
    startedAt: Number.isNaN(time) ? Date.now() : time,
    detail: "",
    output: createStepOutput(),
  };
}

function doneLine(label: string, seconds: number, style: Style, columns: number): string {
  const time = formatSeconds(seconds);
  return `${style.green("✓")} ${truncate(label, columns - displayWidth(time) - 5)}  ${style.dim(time)}`;
}

function failedLines(step: RunningStep, message: string, style: Style): string[] {
  const { lines, dropped } = step.output;
  return [
    `${style.red("✖")} ${step.label}: ${message}`,
    ...(dropped === 0 ? [] : [style.dim(`    (${dropped} earlier lines left out)`)]),
    ...lines.map((line) => style.dim(`    ${line}`)),
  ];
}

function liveLines(steps: readonly RunningStep[], output: Output, style: Style, frame: number): string[] {
  const columns = output.columns();
  const room = Math.max(2, output.rows() - 3);
  const shown = steps.slice(0, room - (steps.length > room ? 1 : 0));
  const outputLines =
    shown.length * (OUTPUT_LINES + 1) <= room ? OUTPUT_LINES : shown.length * 2 <= room ? 1 : 0;
  const now = Date.now();
  const lines = shown.flatMap((step) => [
    stepLine(step, now, style, frame, columns),
    ...(outputLines === 0 ? [] : step.output.lines.slice(-outputLines)).map((line) =>
      style.dim(truncate(`    ${line}`, columns - 1)),
    ),
  ]);
  const hidden = steps.length - shown.length;
  return hidden === 0 ? lines : [...lines, style.dim(`  … and ${hidden} more`)];
}

function stepLine(step: RunningStep, now: number, style: Style, frame: number, columns: number): string {
  const seconds = Math.max(0, Math.floor((now - step.startedAt) / 1000));
  const time = formatSeconds(seconds).replace(/^(\d)\.0 s$/, "$1 s");
  const room = columns - displayWidth(time) - 5;
  const text = step.detail === "" ? step.label : `${step.label}: ${step.detail}`;
  return `${style.cyan(FRAMES[frame % FRAMES.length] ?? "")} ${truncate(text, room)}  ${style.dim(time)}`;
}
