import { DeployError, type Problem } from "@deploy/core";
import { neutralise } from "./neutralise.js";
import type { Style } from "./style.js";

/** How an error is shown. */
export interface ErrorView {
  readonly style: Style;
  /** Adds stack and causes. */
  readonly debug: boolean;
  readonly columns: number;
}

/**
 * An error in four lines: what failed, its code, what to do, where to read more. Absent ones are left out.
 *
 * Several problems found together come as a line each, between the first and the second. Lines are not cut: a path
 * or a command that is shortened is of no use.
 */
export function renderError(error: DeployError, view: ErrorView): string {
  const { style } = view;
  const lines = [
    `${style.red("✖")} ${style.bold(safe(headline(error)))}`,
    ...error.problems.map((problem) => `  ${problemLine(problem, style)}`),
    ...logLines(error.details).map((line) => `  ${style.dim(`│ ${neutralise(line)}`)}`),
    `  ${style.dim("code")}  ${error.code}`,
    ...(error.hint === undefined ? [] : [`  ${style.dim("fix")}   ${safe(error.hint)}`]),
    ...(error.docs === undefined ? [] : [`  ${style.dim("docs")}  ${error.docs}`]),
    ...(view.debug ? debugLines(error).map((line) => style.dim(line)) : []),
  ];
  return `${lines.join("\n")}\n`;
}

/** A message may sum its problems up, which follow one by one. */
function headline({ message, problems }: DeployError): string {
  const [first] = problems;
  const start = first === undefined ? -1 : message.indexOf(first.message);
  const repeated = start > 0 && problems.every((problem) => message.includes(problem.message));
  return repeated ? message.slice(0, start).replace(/[:\s]+$/, ".") : message;
}

/** `file:line  path  message  hint`. */
function problemLine(problem: Problem, style: Style): string {
  const { file, line, path } = problem.location ?? {};
  const place = file === undefined ? undefined : `${file}${line === undefined ? "" : `:${line}`}`;
  const parts = [
    place === undefined ? undefined : style.cyan(place),
    path === undefined || problem.message.startsWith(path) ? undefined : style.bold(path),
    safe(problem.message),
    problem.hint === undefined ? undefined : style.dim(safe(problem.hint)),
  ];
  return parts.filter((part) => part !== undefined).join("  ");
}

/** Messages quote output of programs at times: newlines stay, everything else that moves a cursor goes. */
function safe(text: string): string {
  return text
    .split("\n")
    .map((line) => neutralise(line))
    .join("\n  ");
}

function logLines(details: DeployError["details"]): readonly string[] {
  const lines = details.lastLines ?? details.log ?? details.output;
  if (typeof lines === "string") return lines.split("\n").slice(-20);
  return Array.isArray(lines) ? lines.filter((line) => typeof line === "string").slice(-20) : [];
}

function debugLines(error: DeployError): string[] {
  const lines: string[] = [];
  let current: unknown = error;
  for (let depth = 0; depth < 10 && current !== undefined && current !== null; depth++) {
    const heading = depth === 0 ? "stack" : "caused by";
    const text = current instanceof Error ? (current.stack ?? String(current)) : describe(current);
    lines.push(
      `  ${heading}: ${text
        .split("\n")
        .map((line) => neutralise(line))
        .join("\n  ")}`,
    );
    current = current instanceof Error ? current.cause : undefined;
  }
  return lines;
}

/** Only what is plainly printable: a cause may be any object, and what it holds nobody knows. */
function describe(value: unknown): string {
  if (typeof value === "string") return value;
  return DeployError.is(value) ? `${value.code}: ${value.message}` : Object.prototype.toString.call(value);
}
