/** Bytes that one string of a TXT record holds at most: RFC 1035, section 3.3.14. */
const longestString = 255;

const quoted = /^\s*"(?:[^"\\]|\\.)*"(?:\s*"(?:[^"\\]|\\.)*")*\s*$/s;
const strings = /"((?:[^"\\]|\\.)*)"/gs;

/**
 * The text of a TXT value, whichever way it is written: as it is, or as quoted strings with `\"`, `\\` and `\DDD`
 * (decimal, one byte each), which are joined without anything between them.
 *
 * Bytes that are no UTF-8 become U+FFFD; {@link encodeText} of the value itself keeps them.
 */
export function decodeText(value: string): string {
  const bytes = bytesOfQuoted(value);
  return bytes === undefined ? value : new TextDecoder().decode(bytes);
}

/**
 * A TXT value as zone files and most vendors write it: quoted strings of at most 255 bytes, with everything beyond
 * printable ASCII as `\DDD`. A value that is written so already comes out the same.
 */
export function encodeText(value: string): string {
  return encodeBytes(bytesOfQuoted(value) ?? new TextEncoder().encode(value));
}

/**
 * A TXT value as it is compared: the plain text, or, where that could be taken for quoted strings or is no UTF-8, the
 * one quoted form of {@link encodeText}.
 */
export function normaliseText(value: string): string {
  const bytes = bytesOfQuoted(value);
  if (bytes === undefined) return value;
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return encodeBytes(bytes);
  }
  return bytesOfQuoted(text) === undefined ? text : encodeBytes(bytes);
}

/** The bytes that quoted strings stand for; undefined when the value is not written so, and is the text itself. */
function bytesOfQuoted(value: string): Uint8Array | undefined {
  if (!value.includes('"') || !quoted.test(value)) return undefined;
  const bytes: number[] = [];
  const encoder = new TextEncoder();
  for (const [, content = ""] of value.matchAll(strings)) {
    // A run of plain characters at a time: all of it, where nothing is escaped.
    for (const [part, code, escaped] of content.matchAll(/\\(\d{3})|\\(.)|[^\\]+/gsu)) {
      if (code === undefined) for (const byte of encoder.encode(escaped ?? part)) bytes.push(byte);
      else if (Number(code) > 255) return undefined;
      else bytes.push(Number(code));
    }
  }
  return Uint8Array.from(bytes);
}

function encodeBytes(bytes: Uint8Array): string {
  if (bytes.length === 0) return '""';
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += longestString) {
    parts.push(`"${Array.from(bytes.subarray(at, at + longestString), escapeByte).join("")}"`);
  }
  return parts.join(" ");
}

function escapeByte(byte: number): string {
  if (byte === 0x22 || byte === 0x5c) return `\\${String.fromCharCode(byte)}`;
  if (byte < 0x20 || byte > 0x7e) return `\\${String(byte).padStart(3, "0")}`;
  return String.fromCharCode(byte);
}
