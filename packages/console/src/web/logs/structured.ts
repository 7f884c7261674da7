/**
 * Lines that are data: JSON objects and logfmt. Parsed when they are shown, never before.
 *
 * @module
 */

/** A value of a JSON line; numbers that JavaScript cannot hold are kept as they were written. */
export type Value =
  | string
  | number
  | boolean
  | null
  | Literal
  | readonly Value[]
  | { readonly [name: string]: Value };

/** A number as it was written. */
export interface Literal {
  readonly literal: string;
}

/** A line that is data. */
export interface Structured {
  readonly kind: "json" | "logfmt";
  /** What the line says in words, where it has a field for that. */
  readonly message?: string;
  /** In the order they were written; without the message. */
  readonly fields: readonly Field[];
}

/** A field at the top of a line. */
export interface Field {
  readonly name: string;
  readonly value: Value;
}

const MESSAGES = ["message", "msg", "event", "error", "err"];
const LITERAL = Symbol("literal");

/** Longer lines are shown as text. */
const MAX_STRUCTURED = 200_000;

/** What a line says as data; undefined: it is text. */
export function parseStructured(text: string): Structured | undefined {
  if (text.length > MAX_STRUCTURED) return undefined;
  const trimmed = text.trim();
  if (trimmed.startsWith("{") && trimmed.endsWith("}")) return json(trimmed);
  return logfmt(trimmed);
}

/** Whether a value is a number kept as it was written. */
export function isLiteral(value: Value): value is Literal {
  return typeof value === "object" && value !== null && LITERAL in value;
}

function json(text: string): Structured | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text, exactly as (key: string, value: unknown) => unknown);
  } catch {
    return undefined;
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return undefined;
  const entries = Object.entries(parsed as Record<string, Value>);
  if (entries.length === 0) return undefined;
  const name = MESSAGES.find((one) => typeof (parsed as Record<string, Value>)[one] === "string");
  return {
    kind: "json",
    ...(name === undefined ? {} : { message: (parsed as Record<string, string>)[name]! }),
    fields: entries.filter(([key]) => key !== name).map(([key, value]) => ({ name: key, value })),
  };
}

// Browsers that tell how a number was written let it be shown so: an id of 19 digits must not be rounded.
function exactly(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== "number" || context?.source === undefined || String(value) === context.source)
    return value;
  if (Number.isSafeInteger(value) || /[.eE]/.test(context.source)) return value;
  return { literal: context.source, [LITERAL]: true };
}

const PAIR = /([A-Za-z_@][\w.@/-]{0,63})=("(?:[^"\\]|\\.)*"|[^\s"]*)(?:\s+|$)/y;

function logfmt(text: string): Structured | undefined {
  if (!text.includes("=")) return undefined;
  const fields: Field[] = [];
  PAIR.lastIndex = 0;
  let at = 0;
  while (at < text.length) {
    PAIR.lastIndex = at;
    const match = PAIR.exec(text);
    if (match === null) return undefined;
    fields.push({ name: match[1]!, value: unquoted(match[2]!) });
    at = PAIR.lastIndex;
    if (fields.length > 200) return undefined;
  }
  if (fields.length < 2) return undefined;
  const index = MESSAGES.map((name) => fields.findIndex((field) => field.name === name)).find(
    (one) => one >= 0,
  );
  if (index === undefined) return { kind: "logfmt", fields };
  return {
    kind: "logfmt",
    message: String(fields[index]!.value),
    fields: fields.filter((_, place) => place !== index),
  };
}

function unquoted(value: string): string {
  return value.startsWith('"') ? value.slice(1, -1).replace(/\\(["\\])/g, "$1") : value;
}

/** A value in one line, at most `limit` characters. */
export function valueText(value: Value, limit = 120): string {
  const text = typeof value === "string" ? value : compact(value);
  return text.length > limit ? `${text.slice(0, limit)}…` : text;
}

function compact(value: Value): string {
  if (isLiteral(value)) return value.literal;
  if (Array.isArray(value)) return `[${value.length === 0 ? "" : `${value.length} items`}]`;
  if (typeof value === "object" && value !== null) {
    const names = Object.keys(value);
    return `{${names.slice(0, 4).join(", ")}${names.length > 4 ? ", …" : ""}}`;
  }
  return String(value);
}

/**
 * The text of the line that holds this field, for a filter that finds lines with the same: `"user":"maria"`,
 * `user=maria`. Undefined: it is not written in one piece.
 */
export function filterFor(
  line: string,
  kind: Structured["kind"],
  name: string,
  value: Value,
): string | undefined {
  const written = isLiteral(value) ? value.literal : JSON.stringify(value);
  const candidates =
    kind === "json"
      ? [
          `${JSON.stringify(name)}:${written}`,
          `${JSON.stringify(name)}: ${written}`,
          `${JSON.stringify(name)} : ${written}`,
        ]
      : [`${name}=${String(value)}`, `${name}=${written}`];
  return (
    candidates.find((candidate) => line.includes(candidate)) ??
    (typeof value === "string" && value !== "" && line.includes(value) ? value : undefined)
  );
}
