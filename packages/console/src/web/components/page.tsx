import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { visit } from "../router.js";
import type { Resource } from "../use-resource.js";
import { ErrorNotice } from "./notice.js";

/** What every page gets. */
export interface PageProps {
  /** Named parts of its address, decoded: `app`, `environment`. */
  readonly params: Readonly<Record<string, string>>;
}

/** The frame of one page. After a navigation its heading gets the focus, so that screen readers say where one is. */
export function Page(props: {
  readonly title: string;
  /** Said beside the title. */
  readonly note?: ComponentChildren;
  /** Buttons to the right of the title. */
  readonly actions?: ComponentChildren;
  readonly children: ComponentChildren;
}): JSX.Element {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${props.title} · Deploy`;
  }, [props.title]);
  useEffect(() => {
    if (visit.peek() > 0) heading.current?.focus({ preventScroll: true });
  }, []);
  return (
    <div class="page">
      <header class="page-head">
        <h1 ref={heading} tabIndex={-1}>
          {props.title}
        </h1>
        {props.note === undefined ? null : <div class="page-note">{props.note}</div>}
        {props.actions === undefined ? null : <div class="page-actions">{props.actions}</div>}
      </header>
      {props.children}
    </div>
  );
}

/** There is nothing, and why, and what to do. */
export function Empty(props: {
  readonly title: string;
  readonly children?: ComponentChildren;
  readonly actions?: ComponentChildren;
}): JSX.Element {
  return (
    <div class="empty">
      <p class="empty-title">{props.title}</p>
      {props.children === undefined ? null : <div class="empty-text">{props.children}</div>}
      {props.actions}
    </div>
  );
}

/** It is on its way; shown only once that takes a while. */
export function Loading({ label = "Loading" }: { readonly label?: string }): JSX.Element {
  return (
    <div class="loading" role="status">
      <span class="spinner" aria-hidden="true" />
      {label}…
    </div>
  );
}

/** Something to be read letter by letter. */
export function Code(props: { readonly block?: boolean; readonly children: ComponentChildren }): JSX.Element {
  return props.block ? (
    <pre class="code-block">
      <code>{props.children}</code>
    </pre>
  ) : (
    <code class="code">{props.children}</code>
  );
}

/** A resource in each of its states: on its way, failed, there, and there but not renewed. */
export function Loaded<T>(props: {
  readonly resource: Resource<T>;
  children(data: T): ComponentChildren;
}): JSX.Element {
  const { data, error, reload } = props.resource;
  return (
    <>
      {error === undefined ? null : <ErrorNotice error={error} onRetry={reload} />}
      {data === undefined ? error === undefined ? <Loading /> : null : props.children(data)}
    </>
  );
}
