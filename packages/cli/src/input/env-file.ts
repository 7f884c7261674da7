import { usageError } from "../usage-error.js";

const LINE = /^(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*)$/;

/**
 * Reads `NAME=value` lines: comments, blank lines, `export`, and values in single or double quotes, which may go over
 * several lines. Nothing is substituted, and no error shows a value.
 *
 * @throws `usage.bad-env-file` with the number of the line.
 */
export function parseEnvFile(text: string, file: string): Map<string, string> {
  const values = new Map<string, string>();
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  for (let index = 0; index < lines.length; index++) {
    const line = (lines[index] ?? "").trim();
    if (line === "" || line.startsWith("#")) continue;
    const [, name, start] = LINE.exec(line) ?? [];
    if (name === undefined || start === undefined) throw badLine(file, index, "this is not NAME=value");
    const quote = start[0];
    if (quote !== '"' && quote !== "'") {
      values.set(name, start.replace(/\s+#.*$/, ""));
      continue;
    }
    const first = index;
    let body = start.slice(1);
    let end = closing(body, quote);
    while (end === -1) {
      index += 1;
      if (index >= lines.length) throw badLine(file, first, "the quote is not closed");
      body += `\n${lines[index]}`;
      end = closing(body, quote);
    }
    if (!/^\s*(?:#.*)?$/.test(body.slice(end + 1)))
      throw badLine(file, first, "there is something behind the quote");
    values.set(name, quote === '"' ? unescaped(body.slice(0, end)) : body.slice(0, end));
  }
  return values;
}

function closing(text: string, quote: string): number {
  for (let index = 0; index < text.length; index++) {
    if (quote === '"' && text[index] === "\\") index += 1;
    else if (text[index] === quote) return index;
  }
  return -1;
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

function unescaped(text: string): string {
  return text.replace(/\\([nrt"\\$])/g, (_whole, character: string) => ESCAPES[character] ?? character);
}

function badLine(file: string, index: number, what: string): Error {
  return usageError("bad-env-file", `${file}:${index + 1}: ${what}.`);
}
