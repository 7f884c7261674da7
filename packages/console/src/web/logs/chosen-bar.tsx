import type { JSX } from "preact";
import { Button } from "../components/index.js";
import type { LogView } from "./view-types.js";

/** What can be done with the lines that are chosen. */
export function ChosenBar(props: {
  readonly view: LogView;
  onCopy(): void;
  onLink(): void;
}): JSX.Element | null {
  const chosen = props.view.selection.value;
  if (chosen === undefined) return null;
  return (
    <div class="chosen-bar" role="toolbar" aria-label="Chosen lines">
      <span>
        {chosen.from === chosen.to ? `Line ${chosen.from}` : `Lines ${chosen.from} to ${chosen.to}`}
      </span>
      <Button small onClick={props.onCopy}>
        Copy
      </Button>
      <Button small onClick={props.onLink}>
        Copy link
      </Button>
      <button
        type="button"
        class="icon-button"
        aria-label="Choose nothing"
        onClick={() => {
          props.view.selection.value = undefined;
        }}
      >
        ✕
      </button>
    </div>
  );
}
