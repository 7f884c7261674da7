import type { ComponentChildren, JSX } from "preact";
import type { Part, Trouble } from "../../shared/app-types.js";
import { Notice, RelativeTime } from "../components/index.js";
import { plain } from "./plain.js";

/** A part of a picture within a line: its value, or why there is none. */
export function PartCell<T>(props: {
  readonly part: Part<T>;
  children(value: T): ComponentChildren;
}): JSX.Element {
  const { value, trouble, refreshing } = props.part;
  if (value === undefined) {
    if (trouble !== undefined) {
      return (
        <span class="trouble" title={plain(trouble.message)}>
          cannot be read
        </span>
      );
    }
    return <span class="muted">{refreshing ? "asking…" : "not asked yet"}</span>;
  }
  return <>{props.children(value)}</>;
}

/** The same for a whole section of a page, with what went wrong above it. */
export function PartSection<T>(props: {
  readonly part: Part<T>;
  /** `domains`, `secrets`: what could not be read. */
  readonly what: string;
  children(value: T): ComponentChildren;
}): JSX.Element {
  const { value, trouble } = props.part;
  return (
    <>
      {trouble === undefined ? null : (
        <TroubleNotice
          trouble={trouble}
          title={`The ${props.what} could not be read${value === undefined ? "" : " again; this is what was seen before"}.`}
        />
      )}
      {value === undefined ? (
        trouble === undefined ? (
          <p class="muted" role="status">
            Asking for the {props.what}…
          </p>
        ) : null
      ) : (
        props.children(value)
      )}
    </>
  );
}

/** A failure that the server told of as data. */
function TroubleNotice(props: { readonly trouble: Trouble; readonly title?: string }): JSX.Element {
  const { trouble, title } = props;
  return (
    <Notice kind="warn" title={title ?? plain(trouble.message)}>
      {title === undefined ? null : <p>{plain(trouble.message)}</p>}
      {trouble.hint === undefined ? null : <p>{plain(trouble.hint)}</p>}
    </Notice>
  );
}

/** How old a figure is; says it plainly when it is older than it should be. */
export function Age({ part }: { readonly part: Part<unknown> }): JSX.Element | null {
  if (part.at === undefined) return null;
  return (
    <span class={part.stale ? "age age-stale" : "age"}>
      {part.stale ? "old: seen " : "seen "}
      <RelativeTime at={part.at} />
    </span>
  );
}
