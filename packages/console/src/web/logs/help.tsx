import type { JSX } from "preact";
import { Dialog } from "../components/index.js";

const KEYS: readonly (readonly [readonly string[], string])[] = [
  [["/"], "Search"],
  [["n", "N"], "Next match: older, newer"],
  [["j", "k"], "Next line, line before"],
  [["g", "G"], "To the oldest line; to the end, live"],
  [["Space"], "Pause, resume"],
  [["Enter"], "Open or fold the line"],
  [["c"], "Show the line among its neighbours"],
  [["y"], "Copy the chosen lines"],
  [["l"], "Copy a link to the chosen lines"],
  [["w"], "Wrap long lines, or not"],
  [["t"], "Local time, UTC"],
  [["r"], "How long ago, or when"],
  [["Esc"], "Choose nothing"],
  [["?"], "This help"],
];

/** What the keys do. */
export function Help({ open, onClose }: { readonly open: boolean; onClose(): void }): JSX.Element {
  return (
    <Dialog open={open} title="Keyboard" onClose={onClose}>
      <dl class="keys">
        {KEYS.map(([keys, what]) => (
          <div key={what} class="keys-row">
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <p class="muted">
        Click a time to choose its line, shift-click to choose a range: the address then leads there. Whoever
        opens it needs their own access to this app.
      </p>
    </Dialog>
  );
}
