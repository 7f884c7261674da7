import { DeployError } from "@deploy/core";

/** Reads a JSON configuration; the error names the line. Throws `config.syntax`. */
export function parseJson(text: string, file: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return value;
    const { $schema: _schema, ...declared } = value as Record<string, unknown>;
    return { "deploy.app": 1, ...declared };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const line = lineOf(text, message);
    throw new DeployError({
      code: "config.syntax",
      message: `${file}${line === undefined ? "" : `:${line}`}: this is not JSON: ${shortened(message)}.`,
      hint: "Correct the file; comments and trailing commas are not allowed in JSON.",
      location: { file, ...(line === undefined ? {} : { line }) },
    });
  }
}

function lineOf(text: string, message: string): number | undefined {
  const position = /at position (\d+)/.exec(message)?.[1];
  const offset = position === undefined && message.includes("end of JSON") ? text.length : Number(position);
  return Number.isNaN(offset) ? undefined : text.slice(0, offset).split("\n").length;
}

/** Node quotes the file's content in its message; the position says it better. */
function shortened(message: string): string {
  return message
    .replace(/, .*is not valid JSON.*$/s, "")
    .replace(/ in JSON at position.*$/s, "")
    .replace(/\.$/, "");
}
