import { type Signal, signal } from "@preact/signals";
import type { JSX } from "preact";
import type { Kind } from "./badge.js";

interface Toast {
  readonly id: number;
  readonly text: string;
  readonly kind: Kind;
}

const toasts: Signal<readonly Toast[]> = signal([]);
let last = 0;

/** Says something in passing; failures stay longer. */
export function toast(text: string, kind: Kind = "neutral"): void {
  const id = ++last;
  toasts.value = [...toasts.value.slice(-2), { id, text, kind }];
  setTimeout(
    () => {
      toasts.value = toasts.value.filter((one) => one.id !== id);
    },
    kind === "bad" ? 8000 : 3500,
  );
}

/** Where toasts appear: a live region that is there from the start, or screen readers would miss the first. */
export function Toasts(): JSX.Element {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map((one) => (
        <div key={one.id} class={`toast toast-${one.kind}`}>
          {one.text}
        </div>
      ))}
    </div>
  );
}
