/**
 * Log lines are written by strangers: whatever a terminal or a text engine would obey is shown as a mark instead.
 *
 * @module
 */

/** Text to be shown as it is, or a mark for a character that must not act. */
export type Piece =
  | { readonly text: string; readonly mark?: never }
  | { readonly text: string; readonly mark: string };

// Controls but the tab; lone surrogates; what turns the direction of text; what is invisible. The joiners U+200C and
// U+200D stay: emoji and several scripts are written with them.
const SUSPECT =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is what this is for.
  /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff0-\ufffb]|\u034f|\u17b4|\u17b5|[\u{e0000}-\u{e0fff}]|\p{Cs}/gu;

const NAMES: ReadonlyMap<number, string> = new Map([
  [0xad, "soft hyphen"],
  [0x61c, "Arabic letter mark"],
  [0x200b, "zero width space"],
  [0x200e, "left-to-right mark"],
  [0x200f, "right-to-left mark"],
  [0x2028, "line separator"],
  [0x2029, "paragraph separator"],
  [0x202a, "left-to-right embedding"],
  [0x202b, "right-to-left embedding"],
  [0x202c, "pop directional formatting"],
  [0x202d, "left-to-right override"],
  [0x202e, "right-to-left override"],
  [0x2060, "word joiner"],
  [0x2066, "left-to-right isolate"],
  [0x2067, "right-to-left isolate"],
  [0x2068, "first strong isolate"],
  [0x2069, "pop directional isolate"],
  [0xfeff, "byte order mark"],
]);

/** ASCII's own names of its controls; few fonts have the pictures that Unicode has for them. */
const CONTROLS =
  "NUL SOH STX ETX EOT ENQ ACK BEL BS HT LF VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US".split(
    " ",
  );

/** Splits a text into what may be shown and marks for the rest; a mark's `mark` says what it was. Linear time. */
export function neutralise(text: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let done = 0;
  for (const found of text.matchAll(SUSPECT)) {
    if (found.index > done) pieces.push({ text: text.slice(done, found.index) });
    const code = found[0].codePointAt(0)!;
    pieces.push({ text: picture(code), mark: describe(code) });
    done = found.index + found[0].length;
  }
  if (done < text.length || pieces.length === 0) pieces.push({ text: text.slice(done) });
  return pieces;
}

/** The same as one string, for labels, titles and the clipboard. */
export function neutralised(text: string): string {
  return text.replace(SUSPECT, (found) => picture(found.codePointAt(0)!));
}

function picture(code: number): string {
  if (code >= 0xd800 && code <= 0xdfff) return "\ufffd";
  return `⟨${CONTROLS[code] ?? (code === 0x7f ? "DEL" : name(code))}⟩`;
}

function describe(code: number): string {
  const known = NAMES.get(code);
  return known === undefined ? name(code) : `${name(code)} ${known}`;
}

function name(code: number): string {
  return `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
}
