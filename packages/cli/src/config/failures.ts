import { fileURLToPath } from "node:url";
import { DeployError } from "@deploy/core";

/** Turns whatever a configuration file threw while it was loaded into an error with file and line. */
export function explainFailure(thrown: unknown, file: string): DeployError {
  if (DeployError.is(thrown)) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  if (isSyntaxError(thrown)) return syntaxFailure(message, file, thrown);
  const missing = /Cannot find (?:module|package) '([^']+)'/.exec(message)?.[1];
  if (missing !== undefined) return missingFailure(missing, file, thrown);
  const line = lineInStack(thrown, file);
  return new DeployError({
    code: "config.failed",
    message: `${placeOf(file, line)}: the file could not be run: ${firstLine(message)}`,
    hint: "Correct the file; --debug shows the whole stack.",
    location: { file, ...(line === undefined ? {} : { line }) },
    cause: thrown,
  });
}

/** Whether a file could not even be parsed. */
export function isSyntaxError(thrown: unknown): boolean {
  return (
    thrown instanceof Error && (thrown.name === "SyntaxError" || thrown.message.startsWith("ParseError:"))
  );
}

function syntaxFailure(message: string, file: string, cause: unknown): DeployError {
  // The file at fault may be one that the configuration imports.
  const [, where = file, lineText] = /\n\s*(\S.*?):(\d+):\d+\s*$/.exec(message) ?? [];
  const line = lineText === undefined ? undefined : Number(lineText);
  const what = firstLine(message).replace(/^ParseError:\s*/, "");
  return new DeployError({
    code: "config.syntax",
    message: `${placeOf(where, line)}: ${what === "" ? "syntax error" : what}.`,
    hint: "Correct the file and try again.",
    location: { file: where, ...(line === undefined ? {} : { line }) },
    cause,
  });
}

function missingFailure(missing: string, file: string, cause: unknown): DeployError {
  const relative = /^[./]|^file:/.test(missing);
  return new DeployError({
    code: relative ? "config.failed" : "config.missing-package",
    message: `${file} imports ${missing}, which is not there.`,
    hint: relative ? "Correct the import." : `Run \`npm install --save-dev ${packageOf(missing)}\`.`,
    location: { file },
    cause,
  });
}

function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

function lineInStack(thrown: unknown, file: string): number | undefined {
  const stack = thrown instanceof Error ? (thrown.stack ?? "") : "";
  for (const [, where = "", line] of stack.matchAll(/\(?((?:file:\/\/)?\/[^\s()]*):(\d+):\d+\)?/g)) {
    const path = where.startsWith("file://") ? fileURLToPath(where) : where;
    if (path === file) return Number(line);
  }
  return undefined;
}

function placeOf(file: string, line: number | undefined): string {
  return line === undefined ? file : `${file}:${line}`;
}

function firstLine(text: string): string {
  return (text.split("\n", 1)[0] ?? "").trim().replace(/\.$/, "");
}
