import ignore from "ignore";

/** The rules of a tree's `.gitignore` files, those of deeper directories included as they are met. */
export interface GitIgnore {
  /** Adds the file of a directory; `directory` is relative to the root, the root itself being the empty string. */
  add(directory: string, text: string): void;
  /** Whether a path is left out. Its parents must have been asked about before, and none left out. */
  ignores(path: string, isDirectory: boolean): boolean;
}

/** Begins with no rules. Letter case counts on every system, so that a tree has one digest everywhere. */
export function createGitIgnore(): GitIgnore {
  const rules = ignore({ ignorecase: false });
  return {
    add(directory, text) {
      const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
      rules.add(directory === "" ? lines : lines.map((line) => moveRule(directory, line)));
    },
    ignores: (path, isDirectory) => rules.ignores(isDirectory ? `${path}/` : path),
  };
}

/**
 * A line of a deeper file as a line of the root's: `build` in `web/` is moved below `/web/`, at any depth.
 *
 * All rules then are one list in which the deeper file comes later and so wins, just as Git has it.
 */
function moveRule(directory: string, line: string): string {
  if (/^\s*$/.test(line) || line.startsWith("#")) return "";
  const negated = line.startsWith("!");
  const pattern = negated ? line.slice(1) : line;
  const prefix = directory.replace(/[\\*?[\]]/g, "\\$&");
  // A slash anywhere but at the end anchors the pattern at its own directory.
  const anchored = /\/(?!\s*$)/.test(pattern);
  const moved = anchored
    ? `/${prefix}/${pattern.replace(/^\//, "")}`
    : `/${prefix}/**/${pattern.replace(/^\\(?=[!#])/, "")}`;
  return negated ? `!${moved}` : moved;
}
