import type { JSX } from "preact";
import type { LogView } from "./view-types.js";

/** Back to the end, and how much has come there. Of its own, so that a new line draws the number anew and not the page. */
export function ResumeButton({ view }: { readonly view: LogView }): JSX.Element {
  const unseen = view.unseen.value;
  return (
    <button type="button" class="resume" onClick={() => void view.resume()}>
      {unseen > 0
        ? `${unseen.toLocaleString("en")} new ${unseen === 1 ? "line" : "lines"} ↓`
        : "To the end ↓"}
    </button>
  );
}
