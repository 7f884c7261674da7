import { matchBrackets, type Token, tokenize } from "./tokens.js";

/** A text, ready to be walked through. */
interface Walk {
  readonly tokens: readonly Token[];
  readonly ends: ReadonlyMap<number, number>;
}

/** A member of an object or an item of a list: where it is, and where its value starts if it has one. */
interface Member {
  readonly line: number;
  readonly value: number | undefined;
}

/** How often a name is followed to what it was given, before it has to be a circle. */
const greatestHops = 4;

/** Characters; what is longer was not written by hand, and is not worth the time. */
const longestText = 1_000_000;

/**
 * The line of a place in a configuration file, 1-based.
 *
 * Exact for JSON. In TypeScript and JavaScript the object literal is followed that is exported as default or given to
 * `defineApp`; where literals end (spread, shorthand, calls) it is the line of the nearest parent that was found.
 * Undefined when the file is of another kind, is longer than a megabyte, or no app was found in it.
 */
export function locate(text: string, file: string, path: readonly string[]): number | undefined {
  const json = file.endsWith(".json");
  if (text.length > longestText) return undefined;
  if (!json && !/\.[cm]?[jt]s$/.test(file)) return undefined;
  const tokens = tokenize(text);
  const walk: Walk = { tokens, ends: matchBrackets(tokens) };
  const root = json ? { line: tokens[0]?.line, value: 0 } : findRoot(walk);
  if (root?.line === undefined) return undefined;
  let line = root.line;
  let value = root.value;
  for (const key of path) {
    const member = value === undefined ? undefined : findMember(walk, value, key);
    if (member === undefined) break;
    line = member.line;
    value = member.value;
  }
  return line;
}

function isPunctuator(token: Token | undefined, text: string): boolean {
  return token?.kind === "punctuator" && token.text === text;
}

function isName(token: Token | undefined, text: string): boolean {
  return token?.kind === "name" && token.text === text;
}

/** Where the app's object literal is, and if there is none, where the app is exported. */
function findRoot(walk: Walk): Member | undefined {
  const { tokens } = walk;
  let call: number | undefined;
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index];
    const exported = isName(token, "export") && isName(tokens[index + 1], "default") ? index + 2 : undefined;
    const assigned = isName(token, "exports") && isPunctuator(tokens[index + 1], "=") ? index + 2 : undefined;
    const start = exported ?? assigned;
    if (start !== undefined) return followExpression(walk, start, greatestHops) ?? memberAt(tokens[index]!);
    if (call === undefined && isName(token, "defineApp") && isPunctuator(tokens[index + 1], "("))
      call = index;
  }
  return call === undefined ? undefined : followExpression(walk, call, greatestHops);
}

function memberAt(token: Token): Member {
  return { line: token.line, value: undefined };
}

/** From an expression to the object literal that it is, that it calls a function with, or that its name was given. */
function followExpression(walk: Walk, start: number, hops: number): Member | undefined {
  const { tokens } = walk;
  let index = start;
  while (isName(tokens[index], "await") || isPunctuator(tokens[index], "(")) index++;
  const token = tokens[index];
  if (isPunctuator(token, "{")) return { line: token!.line, value: index };
  if (token?.kind !== "name" || hops === 0) return undefined;
  const argument = callArgument(walk, index + 1);
  if (argument !== undefined) return followExpression(walk, argument, hops - 1);
  const given = declarationOf(walk, token.text);
  return given === undefined ? undefined : followExpression(walk, given, hops - 1);
}

/** The first argument of the call that goes on at `index`, type arguments passed over. */
function callArgument({ tokens }: Walk, index: number): number | undefined {
  if (isPunctuator(tokens[index], "(")) return index + 1;
  if (!isPunctuator(tokens[index], "<")) return undefined;
  for (let next = index; next < tokens.length; next++) {
    if (isPunctuator(tokens[next], "(")) return next + 1;
    if (isPunctuator(tokens[next], ";")) return undefined;
  }
  return undefined;
}

/** Where the value starts that a `const` of this name was given. */
function declarationOf({ tokens, ends }: Walk, name: string): number | undefined {
  const declared = tokens.findIndex(
    (token, index) => isName(token, name) && /^(?:const|let|var)$/.test(tokens[index - 1]?.text ?? ""),
  );
  if (declared === -1) return undefined;
  for (let index = declared + 1; index < tokens.length; index = (ends.get(index) ?? index) + 1) {
    if (isPunctuator(tokens[index], "=")) return index + 1;
    if (isPunctuator(tokens[index], ";")) return undefined;
  }
  return undefined;
}

function findMember(walk: Walk, open: number, key: string): Member | undefined {
  const { tokens, ends } = walk;
  const end = ends.get(open);
  if (end === undefined || !endsValue(tokens[end + 1])) return undefined;
  if (isPunctuator(tokens[open], "{")) return findKey(walk, open, end, key);
  return isPunctuator(tokens[open], "[") ? findItem(walk, open, end, key) : undefined;
}

/** A literal is the whole value unless something is done with it. */
function endsValue(next: Token | undefined): boolean {
  if (next === undefined || next.kind === "name") return true;
  return next.kind === "punctuator" && [",", "}", "]", ")", ";", "!"].includes(next.text);
}

/** The last one, as it is the one that counts. */
function findKey(walk: Walk, open: number, end: number, key: string): Member | undefined {
  const { tokens } = walk;
  let found: Member | undefined;
  for (let index = open + 1; index < end; index = afterComma(walk, index, end)) {
    const computed = isPunctuator(tokens[index], "[") && isPunctuator(tokens[index + 2], "]");
    const name = tokens[computed ? index + 1 : index];
    if (name === undefined || name.kind === "punctuator" || name.kind === "other") continue;
    if (name.text !== key || (computed && name.kind === "name")) continue;
    const colon = computed ? index + 3 : index + 1;
    found = { line: name.line, value: isPunctuator(tokens[colon], ":") ? colon + 1 : undefined };
  }
  return found;
}

function findItem(walk: Walk, open: number, end: number, key: string): Member | undefined {
  const { tokens } = walk;
  let position = 0;
  for (let index = open + 1; index < end; index = afterComma(walk, index, end)) {
    if (isPunctuator(tokens[index], "...")) return undefined;
    if (String(position) === key) return { line: tokens[index]!.line, value: index };
    position++;
  }
  return undefined;
}

/** The index behind the next comma of this level. */
function afterComma({ tokens, ends }: Walk, from: number, end: number): number {
  let index = from;
  while (index < end && !isPunctuator(tokens[index], ",")) index = (ends.get(index) ?? index) + 1;
  return index + 1;
}
