import fc from "fast-check";
import { expect, test } from "vitest";
import { parseDockerIgnore } from "./docker-ignore.js";

const cases: readonly (readonly [file: string, ignored: readonly string[], kept: readonly string[]])[] = [
  // Literals, anchored at the context; a leading slash and dots mean nothing, a directory takes its content along.
  ["a", ["a", "a/b", "a/b/c"], ["b/a", "ab"]],
  ["/a", ["a", "a/b"], ["b/a"]],
  ["a/", ["a", "a/b"], ["b/a"]],
  ["./a/../b", ["b", "b/c"], ["a"]],
  ["a/b", ["a/b", "a/b/c"], ["a", "a/c", "x/a/b"]],
  ["abc.def", ["abc.def"], ["abcdef", "abcZdef"]],
  ["a(b)c/d", ["a(b)c/d"], ["abc/d"]],
  ["a.|)$(}+{bc", ["a.|)$(}+{bc"], ["a"]],
  ["dist/p-2.4.0+g08-py3.whl", ["dist/p-2.4.0+g08-py3.whl"], ["dist/p-2x4.0+g08-py3.whl"]],
  // `*` and `?` stop at slashes.
  ["*", ["a", ".a", "a/b"], []],
  ["*.md", ["README.md"], ["docs/README.md", "md"]],
  ["*/b", ["a/b", "a/b/c"], ["b", "a/c/b"]],
  ["a*/b", ["abc/b"], ["a/c/b"]],
  ["a?c", ["abc", "a☺c"], ["ac", "a/c", "abbc"]],
  [".*", [".foo"], ["foo"]],
  // `**` does not.
  ["**", ["a", "a/b"], []],
  ["**/", ["a", "a/b"], []],
  ["**/**", ["a", "a/b"], []],
  ["**/a", ["a", "b/a", "b/c/a", "b/a/c"], ["ba", "b/ab"]],
  ["**a", ["a", "ba", "b/a", "b/ca"], ["ab"]],
  ["**/.foo", [".foo", "x/.foo"], ["bar.foo"]],
  ["a/**", ["a/b", "a/b/c"], ["a", "ab"]],
  ["**/*.txt", ["a.txt", "b/a.txt", "b/c/a.txt"], ["a.txt2"]],
  ["**/**/*.txt", ["a.txt", "b/c/a.txt"], ["a.txt2"]],
  ["a**/*.txt", ["a/f.txt", "a/b/c/f.txt"], ["b/f.txt"]],
  ["a/*.txt**", ["a/f.txt", "a/f.txtx"], ["a/b/f.txt"]],
  ["**/b/*", ["b/c", "a/b/c", "a/b/c/d"], ["b", "a/b"]],
  ["**/b/**", ["b/c", "a/b/c/d"], ["a/c"]],
  ["a/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["b", "a/xb"]],
  // Sets and escapes.
  ["a[b-d]e", ["ace"], ["ae", "aae"]],
  ["a[^b-d]e", ["aze"], ["ace"]],
  ["a[!b]e", ["a!e", "abe"], ["aze"]],
  ["[\\]a]", ["]", "a"], ["b"]],
  ["[x\\-]", ["x", "-"], ["z"]],
  ["[a-ζ]", ["α"], ["A"]],
  ["a\\*b", ["a*b"], ["ab", "axb"]],
  ["a\\\\", ["a\\"], ["a"]],
  ["\\!a", ["!a"], ["a"]],
  ["\\#a", ["#a"], ["a"]],
  // Comments, blanks, byte order mark, Windows line ends.
  ["# a\n  b  \n\n\t\n", ["b"], ["# a", "a"]],
  [" #a", ["#a"], []],
  ["\uFEFFa\r\nb\r\n", ["a", "b"], []],
  // Exceptions: the last line which matches decides.
  ["*.md\n!README.md", ["a.md"], ["README.md"]],
  ["!README.md\n*.md", ["README.md"], []],
  ["*.md\n!README*.md\nREADME-secret.md", ["README-secret.md", "a.md"], ["README.md"]],
  ["docs\n!docs/README.md", ["docs/a", "docs"], ["docs/README.md"]],
  ["docs/*\n! docs/README.md", ["docs/a"], ["docs", "docs/README.md"]],
  ["*\n!src", ["a", "a/src"], ["src", "src/a", "src/b/c"]],
  ["**\n!util/web\nutil/web/foo", ["util/web/foo", "x"], ["util/web/bar"]],
  ["**\n!/src/**\nsrc/**/*.log", ["src/a.log", "src/b/a.log", "a"], ["src/a", "src/b/a"]],
  ["a\n!a/b\na", ["a/b"], []],
];

test.each(cases)("%j", (file, ignored, kept) => {
  const rules = parseDockerIgnore(file);
  expect(ignored.filter((path) => !rules.ignores(path))).toEqual([]);
  expect(kept.filter((path) => rules.ignores(path))).toEqual([]);
});

test.each(["!", "ok\n!  ", "[", "[^", "a[b", "[]a]", "[-x]", "[x-]", "[z-a]", "a\\"])(
  "%j is refused",
  (file) => {
    const line = file.split("\n").length;
    expect(() => parseDockerIgnore(file)).toThrowError(
      expect.objectContaining({
        code: "images.bad-ignore-pattern",
        location: { file: ".dockerignore", line },
      }),
    );
  },
);

/** Docker's rules once more, said as plainly as possible: segments, and no regular expression. */
function plainMatch(pattern: readonly string[], path: readonly string[]): boolean {
  const [head, ...rest] = pattern;
  if (head === undefined) return path.length === 0;
  if (head === "**") {
    if (rest.length === 0) return true;
    return path.some((_, index) => plainMatch(rest, path.slice(index)));
  }
  const [first, ...others] = path;
  return first !== undefined && (head === "*" ? true : head === first) && plainMatch(rest, others);
}

test("agrees with a plain statement of the rules on any combination of lines", () => {
  const segment = fc.constantFrom("a", "b", "c", "*", "**");
  const line = fc.record({
    exception: fc.boolean(),
    pattern: fc.array(segment, { minLength: 1, maxLength: 4 }),
  });
  const path = fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(fc.array(line, { maxLength: 5 }), fc.array(path, { maxLength: 8 }), (lines, paths) => {
      const text = lines
        .map(({ exception, pattern }) => (exception ? "!" : "") + pattern.join("/"))
        .join("\n");
      const rules = parseDockerIgnore(text);
      for (const each of paths) {
        const selfAndParents = each.map((_, index) => each.slice(0, index + 1));
        // `a/**` takes what is in `a`, and not `a` itself.
        const matches = (pattern: readonly string[]): boolean =>
          selfAndParents.some(
            (one) =>
              plainMatch(pattern, one) &&
              !(
                pattern.at(-1) === "**" &&
                pattern.some((part) => part !== "**") &&
                !reachesInside(pattern, one)
              ),
          );
        const last = lines.findLast(({ pattern }) => matches(pattern));
        expect(rules.ignores(each.join("/")), `${text} on ${each.join("/")}`).toBe(
          last !== undefined && !last.exception,
        );
      }
    }),
    { numRuns: 500 },
  );
});

/** Whether a pattern which ends in `**` matches with at least one segment left for its end. */
function reachesInside(pattern: readonly string[], path: readonly string[]): boolean {
  const head = pattern.slice(0, pattern.findLastIndex((part) => part !== "**") + 1);
  return path.some((_, index) => index > 0 && plainMatch(head, path.slice(0, index)));
}
