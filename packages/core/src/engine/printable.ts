import { isRedacted } from "../redacted.js";
import { isPlainObject } from "./late.js";
import { isOut, UNKNOWN } from "./out.js";
import type { FieldChange } from "./resource.js";

/** Characters of a text that a plan shows in full. */
const longestText = 2_000;

/** What stands in a plan for a value that is not known yet, inside a larger one. */
export const unknownText = "<known while applying>";

/** `value` as JSON data for a person: secrets hidden, what is not known named so, long texts and bytes cut. */
function printable(value: unknown): unknown {
  if (isRedacted(value)) return "<redacted>";
  if (value === UNKNOWN || isOut(value)) return unknownText;
  if (typeof value === "string") {
    if (value.length <= longestText) return value;
    return `${value.slice(0, longestText)}… (${value.length} characters)`;
  }
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "function" || typeof value === "symbol") return undefined;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return `<${value.byteLength} bytes>`;
  if (value instanceof Set) return printable([...value]);
  if (value instanceof Map) return printable(Object.fromEntries(value));
  if (Array.isArray(value)) return value.map((item) => printable(item) ?? null);
  if (!isPlainObject(value)) return typeof value === "object" && value !== null ? "<object>" : value;
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const member = printable(value[key]);
    if (member !== undefined) copy[key] = member;
  }
  return copy;
}

/** A change of a field as a plan may hold it: a provider's own `diff` may have put secrets or late values in. */
export function printableChange(change: FieldChange): FieldChange {
  const from = printable(change.from);
  const base = from === undefined ? { path: change.path } : { path: change.path, from };
  if (change.unknown === true || change.to === UNKNOWN || isOut(change.to)) return { ...base, unknown: true };
  const to = printable(change.to);
  return to === undefined ? base : { ...base, to };
}

/** Every field of something that is to be made. */
export function fieldsOf(desired: unknown, path = ""): readonly FieldChange[] {
  if (desired === undefined) return [];
  if (desired === UNKNOWN) return [{ path, unknown: true }];
  if (!isPlainObject(desired)) return [{ path, to: printable(desired) }];
  return Object.keys(desired).flatMap((key) => fieldsOf(desired[key], path === "" ? key : `${path}.${key}`));
}
