import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

/** A menu that opens below its button; Escape or a click elsewhere closes it. */
export function Menu(props: {
  readonly label: string;
  readonly active?: boolean;
  readonly wide?: boolean;
  readonly end?: boolean;
  readonly children: JSX.Element | (JSX.Element | null)[] | JSX.Element[];
}): JSX.Element {
  const element = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const close = (event: Event): void => {
      const menu = element.current;
      if (menu?.open !== true) return;
      if (event instanceof KeyboardEvent) {
        if (event.key !== "Escape") return;
        menu.open = false;
        menu.querySelector("summary")?.focus();
      } else if (!menu.contains(event.target as Node)) menu.open = false;
    };
    document.addEventListener("keydown", close);
    document.addEventListener("pointerdown", close);
    return () => {
      document.removeEventListener("keydown", close);
      document.removeEventListener("pointerdown", close);
    };
  }, []);
  return (
    <details ref={element} class={`menu${props.wide ? " menu-wide" : ""}${props.end ? " menu-end" : ""}`}>
      <summary class={props.active ? "menu-button menu-active" : "menu-button"}>{props.label}</summary>
      <div class="menu-body">{props.children}</div>
    </details>
  );
}

/** Closes the menu that an element is in. */
export function closeMenu(inside: Element): void {
  const menu = inside.closest("details");
  if (menu !== null) menu.open = false;
}
