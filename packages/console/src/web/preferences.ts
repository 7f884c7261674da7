/**
 * What this browser remembers of its user's taste; nothing of it is sent anywhere.
 *
 * @module
 */

import { effect, type Signal, signal } from "@preact/signals";

/** Follows the operating system, or one of the two. */
export type Theme = "system" | "light" | "dark";

/** How much room a row gets. */
export type Density = "comfortable" | "compact";

/** Light or dark. */
export const theme: Signal<Theme> = remembered("theme", "system", ["system", "light", "dark"]);

/** How much room a row gets. */
export const density: Signal<Density> = remembered("density", "comfortable", ["comfortable", "compact"]);

/** Whether times are shown as the browser's own zone has them, or as UTC. */
export const zone: Signal<"local" | "utc"> = remembered("zone", "local", ["local", "utc"]);

/** Whether log lines say when they were written, or how long ago that is. */
export const clock: Signal<"time" | "ago"> = remembered("clock", "time", ["time", "ago"]);

/** Whether long log lines are wrapped. */
export const wrap: Signal<"wrap" | "scroll"> = remembered("wrap", "wrap", ["wrap", "scroll"]);

/** A signal whose value survives a reload; something else than one of `values` is not believed. */
function remembered<T extends string>(name: string, initial: T, values: readonly T[]): Signal<T> {
  const key = `deploy.${name}`;
  const stored = safely(() => localStorage.getItem(key));
  const value = signal(values.find((one) => one === stored) ?? initial);
  effect(() => {
    const now = value.value;
    safely(() => localStorage.setItem(key, now));
  });
  return value;
}

/** Puts theme and density where the style sheet looks for them. */
export function applyPreferences(): void {
  effect(() => {
    document.documentElement.dataset.theme = theme.value;
    document.documentElement.dataset.density = density.value;
  });
}

/** What the action answers; undefined when it throws: storage may be forbidden, and the page works without. */
export function safely<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}
