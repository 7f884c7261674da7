import { isRedacted } from "../redacted.js";
import { isOut, type Look, type Out, UNKNOWN } from "./out.js";

/** Whether `value` is an object that data is made of, and not an instance of something. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return (prototype === Object.prototype || prototype === null) && !isRedacted(value) && !isOut(value);
}

/** Calls `visit` for everything in `data` that is neither a plain object nor an array: leaves, late or not. */
export function forEachLeaf(data: unknown, visit: (leaf: unknown) => void): void {
  if (Array.isArray(data)) for (const item of data) forEachLeaf(item, visit);
  else if (isPlainObject(data)) for (const key in data) forEachLeaf(data[key], visit);
  else visit(data);
}

/** The late leaves of `data`. */
export function findOuts(data: unknown): readonly Out<unknown>[] {
  const found: Out<unknown>[] = [];
  forEachLeaf(data, (leaf) => {
    if (isOut(leaf)) found.push(leaf);
  });
  return found;
}

/** `data` with every late leaf looked up; the same object when none is late. */
export function resolveLate(data: unknown, look: Look): unknown {
  if (isOut(data)) {
    const value = data.resolve(look);
    return value === UNKNOWN ? UNKNOWN : resolveLate(value, look);
  }
  if (Array.isArray(data)) {
    const items = data.map((item) => resolveLate(item, look));
    return items.some((item, index) => item !== data[index]) ? items : data;
  }
  if (!isPlainObject(data)) return data;
  let copy: Record<string, unknown> | undefined;
  for (const key in data) {
    const value = resolveLate(data[key], look);
    if (value === data[key]) continue;
    copy ??= { ...data };
    copy[key] = value;
  }
  return copy ?? data;
}

/** Whether some leaf is not known yet. */
export function hasUnknown(data: unknown): boolean {
  let found = false;
  forEachLeaf(data, (leaf) => {
    if (leaf === UNKNOWN) found = true;
  });
  return found;
}
