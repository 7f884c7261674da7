import { REDACTED } from "./secret-forms.js";

/** Without one of these in its lower-case form a line has no pair that matters. */
const hints = [
  "pass",
  "pwd",
  "secret",
  "token",
  "key",
  "auth",
  "credential",
  "cookie",
  "bearer",
  "signature",
];

/** What in a name says that the value is secret; each match is short, so that time stays linear. */
const words =
  /pass(?:word|wd|phrase|code)?|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|encryption[_-]?key|signing[_-]?key|authorization|credentials?|set-cookie|cookie|bearer|x-amz-signature/gi;

/** What may stand before and behind such a word in a name, at most so many characters of it. */
const longestAffix = 64;

/** Ends of names whose values only talk about the secret: `token_type`, `password_changed_at`, `secret_name`. */
const harmlessEnd =
  /(?:^|[_.-])(?:name|type|id|ids|url|uri|path|file|dir|count|counts|length|len|expires|expiry|expiration|in|at|ttl|age|version|policy|hint|field|fields|limit|status|valid|validator|validators|changed|reset|arn|prefix|required|enabled|disabled|size|algorithm|hashers?|rotation|usage|used|budget|index|position|error|errors|authentication|view|form|backend|class|provider|manager|middleware|samesite|secure|httponly|domain|policy)$/i;
/** The same for names in camel case: `tokenType`, `secretArn`. */
const harmlessCamelEnd =
  /(?:Name|Type|Id|Url|Uri|Path|File|Count|Length|Expires|Expiry|ExpiresIn|ExpiresAt|Ttl|Version|Policy|Field|Limit|Status|Arn|Prefix|Required|Enabled|Size|Ref)$/;

/** Values which say that there is none. */
const harmlessValue =
  /^(?:none|null|nil|undefined|true|false|yes|no|on|off|unset|empty|missing|required|invalid|expired|n\/a|\*+|x+|\.+|-+|%[sdr]|\[(?:redacted|filtered|masked|hidden)\]|<[\w -]*>?|\$\{?\w+\}?|\{\w*\}?)$/i;

/**
 * Replaces the values of `password=…`, `"token": "…"`, `Authorization: Bearer …` and their like within one line.
 *
 * Prose is left alone: behind a colon and a space, without quotes, only what has a digit in it and eight characters
 * counts ("password: must be longer" stays).
 */
export function redactPairs(text: string): string {
  const lower = text.toLowerCase();
  if (!hints.some((hint) => lower.includes(hint))) return text;
  let result = "";
  let copied = 0;
  words.lastIndex = 0;
  for (let match = words.exec(text); match !== null; match = words.exec(text)) {
    const found = secretBehind(text, match.index, match[0]);
    if (found === undefined) continue;
    if (found.from >= copied && found.to > found.from) {
      result += text.slice(copied, found.from) + REDACTED;
      copied = found.to;
    }
    words.lastIndex = Math.max(words.lastIndex, found.to);
  }
  return copied === 0 ? text : result + text.slice(copied);
}

/** `sessionid=…`: a cookie has a value. */
const cookieLook = /[^=;\s"']{1,200}=[^\s"']/y;
/** Eight characters with a digit among them. */
const credentialLook = /(?=[^\s"'\\]{8})(?=[^\s"'\\]{0,200}\d)/y;

interface Place {
  readonly from: number;
  readonly to: number;
}

function secretBehind(text: string, at: number, word: string): Place | undefined {
  const nameFrom = nameStart(text, at);
  const nameTo = nameEnd(text, at + word.length);
  const name = text.slice(nameFrom, nameTo);
  const kind = word.toLowerCase();
  if (kind === "bearer") return bearer(text, at + word.length);
  if (kind === "cookie" || kind === "set-cookie") return header(text, nameTo, cookieLook);
  if (kind === "authorization") return header(text, nameTo, credentialLook);
  if (kind === "pass" && !/^(?:pass|.*[_.-]pass)$/i.test(name)) return undefined;
  if (harmlessEnd.test(name.slice(at - nameFrom + word.length))) return undefined;
  if (harmlessCamelEnd.test(name.slice(at - nameFrom + word.length))) return undefined;
  // A flag with its value as the next word: `--password hunter2`.
  if (name.startsWith("--") && text[nameTo] === " ") return flagValue(text, nameTo + 1);
  const separator = separatorAt(text, nameTo);
  if (separator === undefined) return undefined;
  const value = valueAt(text, separator.to);
  if (value === undefined || value.to === value.from) return undefined;
  const content = text.slice(value.from, value.to);
  // Passed over whole: to look into it again for each word within would not be linear.
  const passOver = { from: value.to, to: value.to };
  if (harmlessValue.test(content) || content.startsWith(REDACTED)) return passOver;
  const isNumber = /^\d+(?:\.\d+)?$/.test(content);
  // `max_tokens=4096`, `tokens: 12`, `pass=3`.
  if (isNumber && (kind === "pass" || kind === "token") && !value.quoted) return passOver;
  if (kind === "pwd" && /^(?:[/~.]|[A-Za-z]:\\)/.test(content)) return passOver;
  if (separator.strong || value.quoted) return value;
  return content.length >= 8 && /\d/.test(content) ? value : undefined;
}

function isNameCode(code: number): boolean {
  // - . 0-9 A-Z _ a-z
  return (
    (code >= 97 && code <= 122) ||
    (code >= 65 && code <= 90) ||
    (code >= 48 && code <= 57) ||
    code === 95 ||
    code === 45 ||
    code === 46
  );
}

function nameStart(text: string, at: number): number {
  let from = at;
  while (from > 0 && at - from < longestAffix && isNameCode(text.charCodeAt(from - 1))) from--;
  return from;
}

function nameEnd(text: string, at: number): number {
  let to = at;
  while (to < text.length && to - at < longestAffix && isNameCode(text.charCodeAt(to))) to++;
  return to;
}

/** `=`, `:`, `=>`, with what closes a quoted name before it; strong where a value must follow. */
const separator = /(\\{0,3}["'\]]{1,2})?[ \t]{0,8}(=>|:=|==?|:|%3[dD])[ \t]{0,8}/y;

function separatorAt(
  text: string,
  at: number,
): { readonly to: number; readonly strong: boolean } | undefined {
  separator.lastIndex = at;
  const match = separator.exec(text);
  if (match === null) return undefined;
  const sign = match[2] ?? "";
  // A comparison is code that is talked about.
  if (sign === "==") return undefined;
  const quotedName = match[1] !== undefined;
  const spaced = match[0].endsWith(" ");
  return {
    to: separator.lastIndex,
    strong: quotedName || (sign !== ":" && !(spaced && sign === "=")) || (sign === ":" && !spaced),
  };
}

const opening = /[bru]?(\\{0,3})(["'`])/y;
const plain = /[^\s,;&"'`<>)\]}\\|]+/y;
const reserved = /<redacted>/y;

function valueAt(text: string, at: number): (Place & { readonly quoted: boolean }) | undefined {
  reserved.lastIndex = at;
  if (reserved.test(text)) return undefined;
  opening.lastIndex = at;
  const open = opening.exec(text);
  if (open !== null) {
    const from = opening.lastIndex;
    return { from, to: closing(text, from, open[1] ?? "", open[2] ?? '"'), quoted: true };
  }
  plain.lastIndex = at;
  return plain.test(text) ? { from: at, to: plain.lastIndex, quoted: false } : undefined;
}

/** Where a quoted value ends: at the quote that is escaped as the one that opened it; else at the end of the line. */
function closing(text: string, from: number, escaping: string, quote: string): number {
  for (let at = from; at < text.length; at++) {
    const one = text[at];
    if (one === quote && escaping === "") return at;
    if (one !== "\\") continue;
    let end = at;
    while (text[end] === "\\") end++;
    const count = end - at;
    if (text[end] === quote && count <= escaping.length) return at;
    // An escaped character, a quote most likely, belongs to the value.
    at = count % 2 === 1 && text[end] !== undefined ? end : end - 1;
  }
  return text.length;
}

/** The value of a header: with a scheme that is told by itself all behind it, else only what `looks` like a secret. */
const scheme = /(?:basic|bearer|digest|token|negotiate|apikey|aws4-hmac-sha256)[ \t]+/iy;

function header(text: string, at: number, looks: RegExp): Place | undefined {
  const found = separatorAt(text, at);
  if (found === undefined) return undefined;
  opening.lastIndex = found.to;
  const open = opening.exec(text);
  let from = open === null ? found.to : opening.lastIndex;
  scheme.lastIndex = from;
  if (scheme.test(text)) from = scheme.lastIndex;
  else {
    looks.lastIndex = from;
    if (!looks.test(text)) return undefined;
  }
  if (text.startsWith(REDACTED, from)) return undefined;
  const to = open === null ? headerEnd(text, from) : closing(text, from, open[1] ?? "", open[2] ?? '"');
  return { from, to };
}

const headerStop = /["'`\\]/g;

function headerEnd(text: string, from: number): number {
  headerStop.lastIndex = from;
  return headerStop.exec(text)?.index ?? text.length;
}

const bearerToken = /[ \t]+([A-Za-z0-9._~+/=-]{16,})/y;

/** "Bearer authentication" is prose; what has a digit in it, or is very long, is none. */
function bearer(text: string, at: number): Place | undefined {
  bearerToken.lastIndex = at;
  const match = bearerToken.exec(text);
  const value = match?.[1];
  if (value === undefined || (!/\d/.test(value) && value.length < 32)) return undefined;
  return { from: bearerToken.lastIndex - value.length, to: bearerToken.lastIndex };
}

const flag = /(?:"[^"]*"|'[^']*'|[^\s"'<[{-][^\s"']*)/y;

function flagValue(text: string, at: number): Place | undefined {
  flag.lastIndex = at;
  const match = flag.exec(text);
  // `--token TOKEN  what it is for` is a usage text.
  if (match === null || /^[A-Z_]+$/.test(match[0]) || harmlessValue.test(match[0])) return undefined;
  return { from: at, to: flag.lastIndex };
}
