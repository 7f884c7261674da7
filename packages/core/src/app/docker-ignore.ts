import { posix } from "node:path";
import { DeployError } from "../errors.js";

interface DockerPattern {
  /** True for a line which starts with `!`: what it matches is taken in again. */
  readonly exception: boolean;
  readonly text: string;
  readonly expression: RegExp;
}

/** The rules of one `.dockerignore` file. */
export interface DockerIgnore {
  /**
   * Whether a path is left out: the last line which matches it, or one of its parent directories, decides.
   *
   * `path` is relative to the context, with slashes and without a trailing one.
   */
  ignores(path: string): boolean;
  /** Whether something inside an ignored directory may be taken in again by an exception. */
  mayContainException(directory: string): boolean;
}

/**
 * Reads the text of a `.dockerignore` file.
 *
 * The rules are those of Docker's documentation: `#` in the first column is a comment, blanks around a line do not
 * count, `!` makes an exception, a leading slash means nothing, `*` and `?` stop at slashes, `**` does not, and paths
 * are anchored at the context. Error: `images.bad-ignore-pattern` with the line.
 */
export function parseDockerIgnore(text: string, file = ".dockerignore"): DockerIgnore {
  const patterns = text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .flatMap((line, index) => parseLine(line, { file, line: index + 1 }) ?? []);
  const exceptions = patterns.filter((pattern) => pattern.exception);
  const isPlain = (pattern: DockerPattern): boolean => !/[*?[\\]/.test(pattern.text);

  /** Per directory, which patterns match it or a parent; asked for again by each of its children. */
  const matchedIn = new Map<string, readonly boolean[]>();
  const matchesOf = (path: string): readonly boolean[] => {
    const slash = path.lastIndexOf("/");
    const parent = slash < 0 ? undefined : path.slice(0, slash);
    const inherited = parent === undefined ? undefined : (matchedIn.get(parent) ?? remember(parent));
    return patterns.map((pattern, index) => inherited?.[index] === true || pattern.expression.test(path));
  };
  const remember = (directory: string): readonly boolean[] => {
    const matches = matchesOf(directory);
    matchedIn.set(directory, matches);
    return matches;
  };

  return {
    ignores(path) {
      const last = matchesOf(path).lastIndexOf(true);
      return last >= 0 && patterns[last]?.exception === false;
    },
    mayContainException: (directory) =>
      exceptions.some((pattern) => !isPlain(pattern) || pattern.text.startsWith(`${directory}/`)),
  };
}

function parseLine(
  line: string,
  location: { readonly file: string; readonly line: number },
): DockerPattern | undefined {
  if (line.startsWith("#")) return undefined;
  let text = line.trim();
  if (text === "") return undefined;
  const exception = text.startsWith("!");
  if (exception) text = text.slice(1).trim();
  const clean = posix.normalize(text === "" ? "." : text).replace(/(?<=.)\/$/, "");
  const pattern = clean.length > 1 && clean.startsWith("/") ? clean.slice(1) : clean;
  const expression = text === "" ? undefined : toExpression(pattern);
  if (expression !== undefined) return { exception, text: pattern, expression };
  throw new DeployError({
    code: "images.bad-ignore-pattern",
    message: `${location.file}:${location.line} is not a valid pattern: ${JSON.stringify(line.trim())}.`,
    hint: "Correct the line; see https://docs.docker.com/build/concepts/context/#dockerignore-files",
    location,
  });
}

const quote = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");

/** The pattern as a regular expression over a whole path; `undefined` when it is malformed. */
function toExpression(pattern: string): RegExp | undefined {
  // Docker matches a pattern which is literal but for a leading `**` as a mere suffix: `**foo` also matches `xfoo`.
  const suffix = /^\*\*([^/*?[\\][^*?[\\]*)$/.exec(pattern)?.[1];
  if (suffix !== undefined) return new RegExp(`${quote(suffix)}$`, "su");
  const characters = [...pattern];
  let source = "";
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] as string;
    if (character === "*" && characters[at + 1] === "*") {
      at++;
      // `**/` also stands for no directory at all.
      if (characters[at + 1] === "/") at++;
      source += at + 1 >= characters.length ? ".*" : "(?:.*/)?";
    } else if (character === "*") {
      source += "[^/]*";
    } else if (character === "?") {
      source += "[^/]";
    } else if (character === "\\") {
      const escaped = characters[++at];
      if (escaped === undefined) return undefined;
      source += quote(escaped);
    } else if (character === "[") {
      const set = readSet(characters, at + 1);
      if (set === undefined) return undefined;
      source += set.source;
      at = set.end;
    } else {
      source += quote(character);
    }
  }
  try {
    return new RegExp(`^${source}$`, "su");
  } catch {
    // A range which runs backwards, as in [z-a].
    return undefined;
  }
}

/** Reads `[…]` from behind its bracket: characters and ranges, `\` escapes, a `-` stands only inside a range. */
function readSet(
  characters: readonly string[],
  start: number,
): { readonly source: string; readonly end: number } | undefined {
  let at = start;
  const negated = characters[at] === "^";
  if (negated) at++;
  const first = at;
  let source = "";
  const readOne = (): string | undefined => {
    const character = characters[at++];
    if (character === undefined || character === "-" || character === "]") return undefined;
    const literal = character === "\\" ? characters[at++] : character;
    return literal === undefined ? undefined : literal === "-" ? "\\-" : quote(literal);
  };
  while (characters[at] !== "]" || at === first) {
    const low = readOne();
    if (low === undefined) return undefined;
    source += low;
    if (characters[at] !== "-") continue;
    at++;
    const high = readOne();
    if (high === undefined) return undefined;
    source += `-${high}`;
  }
  return { source: `[${negated ? "^" : ""}${source}]`, end: at };
}
