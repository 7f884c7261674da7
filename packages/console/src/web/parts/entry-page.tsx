import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { visit } from "../router.js";
import "./parts.css";

/** A page for who is not signed in: one narrow card. */
export function EntryPage(props: {
  readonly title: string;
  readonly children: ComponentChildren;
}): JSX.Element {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${props.title} · Deploy`;
  }, [props.title]);
  useEffect(() => {
    if (visit.peek() > 0) heading.current?.focus();
  }, []);
  return (
    <main class="entry">
      <div class="entry-card">
        <p class="entry-brand">Deploy</p>
        <h1 ref={heading} tabIndex={-1}>
          {props.title}
        </h1>
        {props.children}
      </div>
    </main>
  );
}
