import type { ComponentChildren, JSX } from "preact";

/** What a colour means; it is never the only sign. */
export type Kind = "neutral" | "info" | "good" | "warn" | "bad";

/** A word or two about a state. */
export function Badge(props: {
  readonly kind?: Kind;
  readonly title?: string;
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <span class={`badge badge-${props.kind ?? "neutral"}`} title={props.title}>
      {props.children}
    </span>
  );
}

/** A dot before a word; the word says the same. */
export function Dot({ kind, pulse }: { readonly kind: Kind; readonly pulse?: boolean }): JSX.Element {
  return <span class={`dot dot-${kind}${pulse ? " dot-pulse" : ""}`} aria-hidden="true" />;
}
