// biome-ignore lint/suspicious/noControlCharactersInRegex: an escape sequence is what it looks for.
const SGR = /^\u001B\[[0-9;:]*m/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for.
const UNSAFE = /[\u0000-\u0008\u000A-\u001F\u007F-\u009F\u200E\u200F\u2028-\u202E\u2066-\u2069]/;

/**
 * Makes text from outside harmless to a terminal: control characters become visible, Tab stays.
 *
 * Cursor movements, titles, clipboard and hyperlink sequences, and characters that turn the direction of writing
 * around, all lose their effect. `keepColours` lets SGR sequences (colour and weight) through, and ends them at the end.
 */
export function neutralise(text: string, keepColours = false): string {
  if (!UNSAFE.test(text)) return text;
  let result = "";
  let coloured = false;
  for (let index = 0; index < text.length; ) {
    const character = text[index] ?? "";
    if (character === "\u001B") {
      const sequence = SGR.exec(text.slice(index, index + 64))?.[0];
      if (sequence !== undefined) {
        if (keepColours) {
          result += sequence;
          coloured = true;
        }
        index += sequence.length;
        continue;
      }
    }
    result += UNSAFE.test(character) ? visible(character) : character;
    index += 1;
  }
  return coloured ? `${result}\u001B[0m` : result;
}

/** As {@link neutralise}, for one line: a carriage return at its end goes away unseen. */
export function neutraliseLine(text: string, keepColours = false): string {
  return neutralise(text.endsWith("\r") ? text.slice(0, -1) : text, keepColours);
}

function visible(character: string): string {
  const code = character.charCodeAt(0);
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  if (code === 0x7f) return "\u2421";
  return `\\u${code.toString(16).padStart(4, "0")}`;
}
