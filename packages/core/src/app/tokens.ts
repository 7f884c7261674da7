/** A piece of a JavaScript, TypeScript or JSON text. */
export interface Token {
  readonly kind: "name" | "string" | "number" | "punctuator" | "other";
  /** Of a string its value, else as written; of `other` (templates, regular expressions) nothing. */
  readonly text: string;
  /** 1-based. */
  readonly line: number;
}

const name = /[\p{ID_Start}$_#@][\p{ID_Continue}$\u200c\u200d]*/uy;
const number = /\d[\w.]*/y;
const space = /[^\S\n]+/y;
const lineComment = /\/\/[^\n]*/y;
const blockComment = /\/\*.*?(?:\*\/|$)/sy;
const string = /"(?:[^"\\\n]+|\\.)*"?|'(?:[^'\\\n]+|\\.)*'?/sy;
const template = /(?:[^`\\$]+|\\.|\$(?!\{)|\\$)*(?:`|\$\{|$)/sy;
const longPunctuator = /\.\.\.|=>|[=!<>]=+/y;

/** Of more, nobody writes one, and looking for its end again and again would take time. */
const longestRegularExpression = 500;

/** After these, a slash starts a regular expression and is no division. */
const beforeExpression = new Set([
  "return",
  "typeof",
  "case",
  "in",
  "of",
  "void",
  "delete",
  "await",
  "default",
]);

/**
 * Splits a text into tokens, without comments, never failing: what cannot be understood becomes a punctuator each.
 *
 * Expressions inside a template come between the punctuators `${` and `}`.
 */
export function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  /** One per open brace: whether a template goes on after it. */
  const braces: boolean[] = [];
  let at = 0;
  let line = 1;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  const push = (kind: Token["kind"], written: string, value = written): void => {
    tokens.push({ kind, text: value, line });
    at += written.length;
    for (let index = written.indexOf("\n"); index !== -1; index = written.indexOf("\n", index + 1)) line++;
  };
  const pushTemplate = (start: string): void => {
    at += start.length;
    const part = take(template) ?? "";
    at -= start.length;
    const opens = part.endsWith("${");
    push("other", start + (opens ? part.slice(0, -2) : part), "");
    if (opens) {
      push("punctuator", "${");
      braces.push(true);
    }
  };
  while (at < text.length) {
    const character = text[at]!;
    const blank = character === "\n" ? "\n" : (take(space) ?? take(lineComment) ?? take(blockComment));
    if (blank !== undefined) {
      push("other", blank, "");
      tokens.pop();
      continue;
    }
    const word = take(name);
    if (word !== undefined) push("name", word);
    else if (character === '"' || character === "'") {
      const written = take(string)!;
      push("string", written, stringValue(written));
    } else if (character === "`") pushTemplate("`");
    else if (character === "}") {
      push("punctuator", "}");
      if (braces.pop() === true) pushTemplate("");
    } else if (character === "/" && startsExpression(tokens.at(-1))) {
      const written = regularExpression(text.slice(at, at + longestRegularExpression));
      if (written === undefined) push("punctuator", "/");
      else push("other", written, "");
    } else {
      const digits = take(number);
      if (character === "{") braces.push(false);
      if (digits !== undefined) push("number", digits);
      else push("punctuator", take(longPunctuator) ?? character);
    }
  }
  return tokens;
}

function startsExpression(previous: Token | undefined): boolean {
  if (previous === undefined) return true;
  if (previous.kind === "name") return beforeExpression.has(previous.text);
  return previous.kind === "punctuator" && ![")", "]", "}"].includes(previous.text);
}

function regularExpression(text: string): string | undefined {
  return /^\/(?:[^/\\[\n]|\\[^\n]|\[(?:[^\]\\\n]|\\[^\n])*\])+\/\w*/.exec(text)?.[0];
}

function stringValue(written: string): string {
  const inner = written.slice(1, written.length > 1 && written.endsWith(written[0]!) ? -1 : undefined);
  if (!inner.includes("\\")) return inner;
  try {
    return JSON.parse(
      written.startsWith('"') ? written : `"${inner.replaceAll("\\'", "'").replaceAll('"', '\\"')}"`,
    );
  } catch {
    return inner;
  }
}

const pairs: Readonly<Record<string, string>> = { "{": "}", "[": "]", "(": ")", "${": "}" };

/** For each opening bracket the index of its closing one, and the number of tokens where there is none. */
export function matchBrackets(tokens: readonly Token[]): ReadonlyMap<number, number> {
  const ends = new Map<number, number>();
  const open: number[] = [];
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== "punctuator") continue;
    if (Object.hasOwn(pairs, token.text)) {
      ends.set(index, tokens.length);
      open.push(index);
    } else if (open.length > 0 && pairs[tokens[open.at(-1)!]!.text] === token.text) {
      ends.set(open.pop()!, index);
    }
  }
  return ends;
}
