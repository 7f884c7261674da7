import type { Part } from "../../shared/app-types.js";

/** While something is asked for the first time, a page asks again after so many milliseconds. */
const soonMs = 2_000;

/** How long a page waits before it asks again, milliseconds: `usual`, but not long while a part of it was never seen. */
export function everyUnlessUnseen(usual: number, parts: readonly Part<unknown>[]): number {
  const unseen = parts.some(({ value, trouble }) => value === undefined && trouble === undefined);
  return unseen ? Math.min(soonMs, usual) : usual;
}
