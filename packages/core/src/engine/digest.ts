import { isRedacted } from "../redacted.js";
import { isPlainObject } from "./late.js";
import { isOut, UNKNOWN } from "./out.js";

/**
 * A digest of what was declared: of every leaf that is known without asking a vendor.
 *
 * Late leaves count as a wildcard even where they are known, so that a plan made before and one made halfway through
 * agree. Secrets are left out: a digest of a short secret can be reversed by trying.
 */
export function digestOf(desired: unknown): string {
  return sha256(stableJson(desired)).slice(0, 22);
}

/** Loaded with the first plan, not with core: importing core must cost next to nothing. */
function sha256(data: string | Uint8Array): string {
  return process.getBuiltinModule("node:crypto").hash("sha256", data, "base64url");
}

/** JSON whose members are sorted, with marks for what JSON does not have. */
function stableJson(value: unknown): string {
  if (isRedacted(value)) return '"<redacted>"';
  if (value === UNKNOWN) return "*";
  if (isOut(value)) return late(value);
  if (Array.isArray(value)) return `[${value.map(stableJson).join(",")}]`;
  if (isPlainObject(value)) {
    const keys = Object.keys(value).filter((key) => value[key] !== undefined);
    return `{${keys
      .sort()
      .map((key) => `${JSON.stringify(key)}:${stableJson(value[key])}`)
      .join(",")}}`;
  }
  if (value instanceof Uint8Array) return `<${sha256(value)}>`;
  if (value instanceof Date) return `<${value.toISOString()}>`;
  if (typeof value === "bigint") return `<${value}>`;
  return JSON.stringify(value) ?? "null";
}

/** A computed value that needs no resource is known at once and counts. */
function late(value: { readonly needs: readonly unknown[]; resolve(look: () => unknown): unknown }): string {
  return value.needs.length > 0 ? "*" : stableJson(value.resolve(() => UNKNOWN));
}
