import type { Command } from "@deploy/core";

/** Text as one word of a shell. */
export function shellWord(text: string): string {
  return /^[A-Za-z0-9_./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** A command as text for `sh`: a string stays what it is, an array becomes words that nothing in a shell changes. */
export function shellText(command: Command): string {
  return typeof command === "string" ? command : command.map(shellWord).join(" ");
}

/** How a script for an instance is made. */
export interface ScriptOptions {
  readonly command: Command;
  /** Names the marks around the output; must not be guessable by the command. */
  readonly nonce: string;
  /** `capture`: bytes as they are, no echo; `inherit`: a terminal. */
  readonly mode: "capture" | "inherit";
  /**
   * Input follows, as lines of base64, up to a line that is the nonce. `live`: each line is a piece by itself, and reaches
   * the command at once, as what somebody types has to; else all together are one text, which takes a tenth of the time.
   */
  readonly withInput: boolean | "live";
  readonly env: Readonly<Record<string, string>>;
}

/** What stands before the output of a captured command. */
function startMark(nonce: string): string {
  return `\u001b]deploy;${nonce};start\u0007`;
}

/** What ends the output and tells the exit code; a terminal shows nothing of it. */
function endMark(nonce: string): RegExp {
  return new RegExp(`\u001b\\]deploy;${nonce};(\\d{1,3})\u0007`);
}

/** What every end mark begins with: held back until it is certain. */
function endMarkStart(nonce: string): string {
  return `\u001b]deploy;${nonce};`;
}

/**
 * The command line for ExecuteCommand.
 *
 * A session tells no exit code, so the script prints it at the end. The command runs in a shell of its own, so that
 * `kill $$` or `exec` in it leaves the script alive. The line holds for whoever splits it, an agent or a shell.
 */
export function execScript(options: ScriptOptions): string {
  const { nonce } = options;
  const exports = Object.entries(options.env).map(([name, value]) => `export ${name}=${shellWord(value)}; `);
  const child = `sh -c ${shellWord(shellText(options.command))}`;
  const report = `printf '\\033]deploy;${nonce};%d\\007' "$code"`;
  if (options.mode === "inherit") {
    // Ctrl-C goes to all that run on the terminal: the script has to outlive it, the command gets it as always.
    const script = `${exports.join("")}trap : INT QUIT; ${child}; code=$?; ${report}`;
    return `sh -c ${shellWord(script)}`;
  }
  const lines = `while IFS= read -r line && [ "$line" != ${nonce} ]; do printf '%s\\n' "$line"`;
  const feed =
    options.withInput === "live" ? `${lines} | base64 -d; done | ` : `${lines}; done | base64 -d | `;
  // The end is told where the command ends: what hands it its input may still wait for the next line.
  const run =
    options.withInput !== false
      ? `${feed}{ ${child}; code=$?; ${report}; }`
      : `${child} </dev/null; code=$?; ${report}`;
  const begin = `stty raw -echo 2>/dev/null; printf '\\033]deploy;${nonce};start\\007'`;
  return `sh -c ${shellWord(`${exports.join("")}${begin}; ${run}`)}`;
}

/** Cuts the marks out of a session's output and finds the exit code. Not more than a mark's length is ever held back. */
export interface MarkReader {
  /** What of the output so far may be shown now. */
  push(data: Uint8Array): Uint8Array;
  /** What was held back, when the session ends without a mark. */
  rest(): Uint8Array;
  /** Known once the end mark was seen. */
  readonly exitCode: number | undefined;
}

/** A reader of marks; in `capture` it drops what stands before the start mark. */
export function createMarkReader(nonce: string, mode: ScriptOptions["mode"]): MarkReader {
  // latin1 keeps every byte one character, so that cutting never breaks a letter.
  let held = "";
  let started = mode === "inherit";
  let exitCode: number | undefined;
  const start = startMark(nonce);
  const opening = endMarkStart(nonce);
  const end = endMark(nonce);
  const longest = opening.length + 4;

  const push = (data: Uint8Array): Uint8Array => {
    if (exitCode !== undefined) return new Uint8Array();
    held += Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("latin1");
    if (!started) {
      const at = held.indexOf(start);
      if (at === -1) {
        held = held.slice(-start.length);
        return new Uint8Array();
      }
      held = held.slice(at + start.length);
      started = true;
    }
    const found = end.exec(held);
    if (found !== null) {
      exitCode = Number(found[1]);
      const shown = held.slice(0, found.index);
      held = "";
      return Buffer.from(shown, "latin1");
    }
    const keep = heldBack(held, opening, longest);
    const shown = held.slice(0, held.length - keep);
    held = held.slice(held.length - keep);
    return Buffer.from(shown, "latin1");
  };
  return {
    push,
    rest: () => Buffer.from(started ? held : "", "latin1"),
    get exitCode() {
      return exitCode;
    },
  };
}

/** How many characters at the end may be the beginning of a mark. */
function heldBack(text: string, opening: string, longest: number): number {
  const at = text.lastIndexOf("\u001b");
  if (at === -1 || text.length - at >= longest) return 0;
  const tail = text.slice(at);
  return opening.startsWith(tail) || tail.startsWith(opening) ? tail.length : 0;
}
