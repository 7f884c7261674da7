import { nearest } from "../suggest.js";
import { usageError } from "../usage-error.js";
import { bashCompletion } from "./bash.js";
import { fishCompletion } from "./fish.js";
import { zshCompletion } from "./zsh.js";

const SHELLS: Readonly<Record<string, () => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

/** The completion script for `shell`, made of the command table. Throws `usage.unknown-shell`. */
export function completionScript(shell: string): string {
  const script = SHELLS[shell];
  if (script !== undefined) return script();
  const meant = nearest(shell, Object.keys(SHELLS));
  throw usageError(
    "unknown-shell",
    `There is no completion for "${shell}".`,
    meant === undefined ? "There is one for bash, zsh and fish." : `Did you mean ${meant}?`,
  );
}
