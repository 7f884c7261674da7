import type { ComponentChildren, JSX } from "preact";
import { ApiError } from "../api.js";
import type { Kind } from "./badge.js";
import { Button } from "./button.js";

/** Says something that stays: what is wrong, what to know. */
export function Notice(props: {
  readonly kind?: Kind;
  readonly title?: string;
  readonly actions?: ComponentChildren;
  readonly children?: ComponentChildren;
}): JSX.Element {
  const kind = props.kind ?? "info";
  return (
    <div class={`notice notice-${kind}`} role={kind === "bad" ? "alert" : "status"}>
      <div class="notice-text">
        {props.title === undefined ? null : <strong class="notice-title">{props.title}</strong>}
        {props.children === undefined ? null : <div>{props.children}</div>}
      </div>
      {props.actions === undefined ? null : <div class="notice-actions">{props.actions}</div>}
    </div>
  );
}

/** A failure: what, and what to do. */
export function ErrorNotice(props: { readonly error: unknown; onRetry?(): void }): JSX.Element {
  const { error, onRetry } = props;
  const hint = error instanceof ApiError ? error.hint : undefined;
  return (
    <Notice
      kind="bad"
      title={error instanceof Error ? error.message : String(error)}
      actions={
        onRetry === undefined ? undefined : (
          <Button small onClick={onRetry}>
            Try again
          </Button>
        )
      }
    >
      {hint}
    </Notice>
  );
}
