import type { NameChanges, ReleaseDiff } from "../../shared/app-types.js";
import { counted } from "./units.js";

/** What a release changed, in one line: `image, 3 config names, 1 secret`. */
export function diffWords(diff: ReleaseDiff | undefined): string {
  if (diff === undefined) return "";
  const config = size(diff.config);
  const secrets = size(diff.secrets);
  const parts = [
    ...(diff.image === undefined ? [] : ["image"]),
    ...(config === 0 ? [] : [counted(config, "config name")]),
    ...(secrets === 0 ? [] : [counted(secrets, "secret")]),
  ];
  return parts.length === 0
    ? `the same as release ${diff.from}`
    : `${parts.join(", ")} since release ${diff.from}`;
}

/** All names that changed, with a sign as in a diff, by name. */
export function signedNames(
  changes: NameChanges,
): readonly { readonly sign: "+" | "-" | "~"; readonly name: string }[] {
  return [
    ...changes.added.map((name) => ({ sign: "+" as const, name })),
    ...changes.removed.map((name) => ({ sign: "-" as const, name })),
    ...changes.changed.map((name) => ({ sign: "~" as const, name })),
  ].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

function size(changes: NameChanges): number {
  return changes.added.length + changes.removed.length + changes.changed.length;
}
