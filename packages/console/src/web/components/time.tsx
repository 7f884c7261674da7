import { type Signal, signal } from "@preact/signals";
import type { JSX } from "preact";
import { zone } from "../preferences.js";

// One clock for all: the page asks the time twice a minute.
const now: Signal<number> = signal(Date.now());
setInterval(() => {
  if (document.visibilityState === "visible") now.value = Date.now();
}, 30_000);

/** `3 minutes ago`, with the exact time on hover. Milliseconds since 1970. */
export function RelativeTime({ at }: { readonly at: number }): JSX.Element {
  const iso = Number.isFinite(at) ? new Date(at).toISOString() : undefined;
  return (
    <time dateTime={iso} title={exact(at)}>
      {relative(at, Math.max(now.value, Date.now()))}
    </time>
  );
}

/** `2 min 5 s`, of milliseconds. */
export function Duration({ ms }: { readonly ms: number }): JSX.Element {
  return <>{spoken(ms)}</>;
}

/** A moment as this user wants times to be shown, with its zone. */
function exact(at: number): string {
  if (!Number.isFinite(at)) return "";
  if (zone.value === "utc") return new Date(at).toISOString().replace("T", " ").replace("Z", " UTC");
  return new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" }).format(at);
}

const STEPS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ["year", 365.25 * 86_400_000],
  ["month", 30.44 * 86_400_000],
  ["week", 7 * 86_400_000],
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
];

/** `3 minutes ago`, `in 2 days`, `just now`. */
function relative(at: number, from: number): string {
  const difference = at - from;
  for (const [unit, size] of STEPS) {
    if (Math.abs(difference) >= size) {
      return new Intl.RelativeTimeFormat("en", { numeric: "auto" }).format(
        Math.trunc(difference / size),
        unit,
      );
    }
  }
  return difference > 5_000 ? "in a moment" : "just now";
}

/** `850 ms`, `12 s`, `2 min 5 s`, `3 h 20 min`. */
function spoken(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
  return minutes % 60 === 0
    ? `${Math.floor(minutes / 60)} h`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
