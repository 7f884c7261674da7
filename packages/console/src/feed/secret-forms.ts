/** What stands in place of a secret. */
export const REDACTED = "<redacted>";

/** Shorter values are not looked for: they would be found everywhere. */
const SHORTEST_VALUE = 6;

/**
 * Longer values are looked for in pieces of this length, which keeps the search linear, and finds them when they are
 * printed in part or wrapped.
 */
const LONGEST_PIECE = 48;

/** Forms in which a value may be printed: as it is, escaped in a URL, in JSON, in JSON within JSON, in base64. */
function formsOf(value: string): string[] {
  const json = JSON.stringify(value).slice(1, -1);
  const url = encodeURIComponentSafely(value);
  return [
    value,
    json,
    JSON.stringify(json).slice(1, -1),
    // Python prints strings in single quotes, and JSON may escape the slash and what is not ASCII.
    json.replaceAll("/", "\\/"),
    json.replaceAll("'", "\\'"),
    json.replace(/[^\0-\x7f]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`),
    url,
    url.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    new URLSearchParams([["", value]]).toString().slice(1),
    // What neither escapes, and others do.
    url.replace(/[!'()*~]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`),
    ...base64FormsOf(value),
  ];
}

function encodeURIComponentSafely(value: string): string {
  // A lone surrogate cannot be encoded, and cannot be printed either.
  return encodeURIComponent(value.replace(/[\ud800-\udfff]/gu, "\ufffd"));
}

/** Base64 of anything that has the value in it: by where it begins there are three, without what depends on neighbours. */
function base64FormsOf(value: string): string[] {
  const bytes = Buffer.from(value, "utf8");
  const forms: string[] = [bytes.toString("base64").replace(/=+$/, "")];
  for (const offset of [0, 1, 2]) {
    const text = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    const first = Math.ceil((offset * 8) / 6);
    const last = Math.floor(((offset + bytes.length) * 8) / 6);
    const inner = text.slice(first, last);
    forms.push(inner, inner.replaceAll("+", "-").replaceAll("/", "_"));
  }
  return forms;
}

/**
 * The texts that must not be printed when `values` are secret; none shorter than six characters or longer than 48.
 *
 * A value of several lines counts line by line, because lines are what a log has; the password in a value that is a
 * URL counts by itself.
 */
export function secretTexts(values: Iterable<string>): Set<string> {
  const texts = new Set<string>();
  const add = (text: string): void => {
    // It would be found again in what takes its place.
    if (text.length < SHORTEST_VALUE || REDACTED.includes(text)) return;
    if (text.length <= LONGEST_PIECE) {
      texts.add(text);
      return;
    }
    for (let at = 0; at + LONGEST_PIECE < text.length; at += LONGEST_PIECE) {
      texts.add(text.slice(at, at + LONGEST_PIECE));
    }
    texts.add(text.slice(-LONGEST_PIECE));
  };
  for (const value of values) {
    // Before its forms: six letters of base64 are only four of the value.
    if (value.length < SHORTEST_VALUE) continue;
    for (const one of [value, value.trim(), ...value.split(/[\r\n]+/).map((line) => line.trim())]) {
      if (one.length < SHORTEST_VALUE) continue;
      for (const form of formsOf(one)) add(form);
    }
    const password = passwordIn(value);
    if (password !== undefined) for (const form of formsOf(password)) add(form);
  }
  return texts;
}

function passwordIn(value: string): string | undefined {
  if (!value.includes("://") || !URL.canParse(value)) return undefined;
  const { password } = new URL(value);
  try {
    const plain = decodeURIComponent(password);
    return plain.length >= SHORTEST_VALUE ? plain : undefined;
  } catch {
    return password.length >= SHORTEST_VALUE ? password : undefined;
  }
}
