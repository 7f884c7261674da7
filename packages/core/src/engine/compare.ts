import { isRedacted, reveal } from "../redacted.js";
import { forEachLeaf, isPlainObject } from "./late.js";
import { isOut, UNKNOWN } from "./out.js";
import type { FieldChange } from "./resource.js";

/**
 * The difference that is assumed where a resource declares none: every field of `desired` beside the field of the
 * same name in `observed`. Nested data is compared exactly, arrays in their order, secrets by value.
 */
export function defaultDiff(desired: unknown, observed: unknown): readonly FieldChange[] {
  if (!isPlainObject(desired) || !isPlainObject(observed)) return compareField("", desired, observed);
  const changes: FieldChange[] = [];
  for (const key of Object.keys(desired)) {
    // A field which is desired to be undefined says nothing: the vendor's default may stand.
    if (desired[key] !== undefined) changes.push(...compareField(key, desired[key], observed[key]));
  }
  return changes;
}

function compareField(path: string, desired: unknown, observed: unknown): readonly FieldChange[] {
  if (desired === UNKNOWN) return [{ path, from: observed, unknown: true }];
  if (!isPlainObject(desired) || !isPlainObject(observed)) {
    if (sameData(desired, observed)) return [];
    return [{ path, from: besideSecrets(observed, desired), to: besideSecrets(desired, observed) }];
  }
  const changes: FieldChange[] = [];
  for (const key of new Set([...Object.keys(desired), ...Object.keys(observed)])) {
    changes.push(...compareField(path === "" ? key : `${path}.${key}`, desired[key], observed[key]));
  }
  return changes;
}

/** A secret may stand in plain on the vendor's side: what is beside a secret, or may be, is hidden like it. */
function besideSecrets(value: unknown, beside: unknown): unknown {
  if (value === undefined) return undefined;
  if (isRedacted(value) || isRedacted(beside)) return "<redacted>";
  if (!holdsSecret(beside)) return value;
  if (Array.isArray(value) && Array.isArray(beside)) {
    return value.map((item, index) =>
      index < beside.length ? besideSecrets(item, beside[index]) : "<redacted>",
    );
  }
  if (!isPlainObject(value) || !isPlainObject(beside)) return "<redacted>";
  return Object.fromEntries(
    Object.keys(value).map((key) => [
      key,
      key in beside ? besideSecrets(value[key], beside[key]) : "<redacted>",
    ]),
  );
}

function holdsSecret(data: unknown): boolean {
  let found = false;
  forEachLeaf(data, (leaf) => {
    if (isRedacted(leaf)) found = true;
  });
  return found;
}

/**
 * Whether two pieces of data are equal: deep, arrays in their order, an undefined member like an absent one, secrets
 * by value, late values by the resources they come from.
 */
export function sameData(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (isRedacted(a) || isRedacted(b)) {
    return sameData(isRedacted(a) ? reveal(a) : a, isRedacted(b) ? reveal(b) : b);
  }
  if (isOut(a) || isOut(b)) {
    if (!isOut(a) || !isOut(b) || a.needs.length !== b.needs.length) return false;
    return a.needs.every((need, index) => need.id === b.needs[index]!.id);
  }
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, index) => sameData(item, b[index]));
  }
  if (a instanceof Uint8Array && b instanceof Uint8Array) {
    return a.byteLength === b.byteLength && a.every((byte, index) => byte === b[index]);
  }
  if (a instanceof Date && b instanceof Date) return a.getTime() === b.getTime();
  if (!isPlainObject(a) || !isPlainObject(b)) return false;
  for (const key in a) if (!sameData(a[key], b[key])) return false;
  for (const key in b) if (!(key in a) && b[key] !== undefined) return false;
  return true;
}
