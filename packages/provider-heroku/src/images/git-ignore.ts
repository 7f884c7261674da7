import type ignore from "ignore";

/** The rules of a tree's `.gitignore` files, those of deeper directories included as they are met. */
export interface GitIgnore {
  /** Adds the file of a directory, which is relative to the root; the root itself is the empty string. */
  add(directory: string, text: string): Promise<void>;
  /** Whether a path is left out. Its parents must have been asked about before, and none left out. */
  ignores(path: string, isDirectory: boolean): boolean;
}

/** Begins with no rules. Letter case counts on every system, so that a tree has one digest everywhere. */
export function createGitIgnore(): GitIgnore {
  const files: { readonly prefix: string; readonly rules: ignore.Ignore }[] = [];
  return {
    async add(directory, text) {
      const { default: createRules } = await import("ignore");
      const rules = createRules({ ignorecase: false }).add(text.replace(/^\uFEFF/, ""));
      files.push({ prefix: directory === "" ? "" : `${directory}/`, rules });
    },
    ignores(path, isDirectory) {
      // The file nearest to the path that says anything about it decides, as Git has it.
      for (let index = files.length - 1; index >= 0; index -= 1) {
        const { prefix, rules } = files[index]!;
        if (!path.startsWith(prefix)) continue;
        const inside = path.slice(prefix.length);
        if (inside === "") continue;
        const { ignored, unignored } = rules.test(isDirectory ? `${inside}/` : inside);
        if (ignored || unignored) return ignored;
      }
      return false;
    },
  };
}
