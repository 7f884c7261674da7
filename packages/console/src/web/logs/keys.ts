import { useEffect, useRef } from "preact/hooks";
import { seqOf } from "./rows.js";
import type { LogView } from "./view-types.js";

/** What keys may do on the page of logs. */
export interface KeyActions {
  readonly view: LogView;
  search(): void;
  help(): void;
  hit(back: boolean): void;
  context(seq: number): void;
  copy(): void;
  link(): void;
  wrap(): void;
  zone(): void;
  clock(): void;
}

/** Keys of the page; none while something is typed, a dialog is open, or a modifier is held. */
export function useKeys(actions: KeyActions): void {
  const latest = useRef(actions);
  latest.current = actions;
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      const target = event.target as HTMLElement;
      if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
      if (
        /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName) ||
        target.closest("dialog, details[open]") !== null
      )
        return;
      // Space and Enter on a button press the button.
      if ((event.key === " " || event.key === "Enter") && target.closest("button, a, summary") !== null)
        return;
      if (act(event.key, latest.current)) event.preventDefault();
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, []);
}

function act(key: string, actions: KeyActions): boolean {
  const { view } = actions;
  const chosen = view.selection.value;
  if (key === "/") actions.search();
  else if (key === "?") actions.help();
  else if (key === "g" || key === "Home") void view.toStart();
  else if (key === "G" || key === "End") void view.resume();
  else if (key === "j") move(view, 1);
  else if (key === "k") move(view, -1);
  else if (key === "n") actions.hit(true);
  else if (key === "N") actions.hit(false);
  else if (key === " ") {
    if (view.following.value) view.pause();
    else void view.resume();
  } else if (key === "w") actions.wrap();
  else if (key === "t") actions.zone();
  else if (key === "r") actions.clock();
  else if (key === "Enter" && chosen !== undefined) view.toggle(chosen.from);
  else if (key === "c" && chosen !== undefined) actions.context(chosen.from);
  else if (key === "y" && chosen !== undefined) actions.copy();
  else if (key === "l" && chosen !== undefined) actions.link();
  else if (key === "Escape" && chosen !== undefined) view.selection.value = undefined;
  else return false;
  return true;
}

// From the chosen line to its neighbour; with none, from the last.
function move(view: LogView, by: 1 | -1): void {
  const { rows } = view.window;
  if (rows.length === 0) return;
  const chosen = view.selection.value;
  let index =
    chosen === undefined ? rows.length - 1 : view.window.rowOf(by > 0 ? chosen.to : chosen.from) + by;
  index = Math.max(0, Math.min(rows.length - 1, index));
  const seq = seqOf(rows[index]!);
  view.pause();
  view.selection.value = { from: seq, to: seq };
  view.sought.value = { seq, align: "auto" };
}
