import type { Deployer } from "@deploy/core";
import { nearest } from "./suggest.js";
import { usageError } from "./usage-error.js";

/** The add-on that is meant: the one named, or the only one there is. Throws `usage.unknown-addon`, `usage.missing-argument`. */
export function addonName(deployer: Deployer, word: string | undefined): string {
  const names = deployer.environment.addons.map(({ name }) => name);
  if (word === undefined) {
    const [only] = names;
    if (only !== undefined && names.length === 1) return only;
    throw usageError(
      "missing-argument",
      names.length === 0 ? "The app declares no add-on." : "Which add-on?",
      names.length === 0
        ? "Add one under `addons` in the configuration."
        : `Name one of: ${names.join(", ")}.`,
    );
  }
  if (names.includes(word)) return word;
  const meant = nearest(word, names);
  throw usageError(
    "unknown-addon",
    `There is no add-on "${word}".`,
    meant === undefined ? `There are: ${names.join(", ") || "none"}.` : `Did you mean ${meant}?`,
  );
}
