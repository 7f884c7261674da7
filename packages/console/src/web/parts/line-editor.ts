/** A line that is typed where there is no terminal behind the shell to edit it. */
export interface LineEditor {
  /** What keys came; answers with what to draw and what to send. */
  type(data: string): { readonly draw: string; readonly send: string };
}

const MAXIMUM_HISTORY = 100;

/**
 * Edits a line at its end, shows what is typed and sends it with the Enter key: backspace, Control-U, Control-C (drops
 * the line), Control-D on an empty line (end of input), and the arrows up and down through what was sent before.
 */
export function createLineEditor(): LineEditor {
  let line = "";
  const history: string[] = [];
  let place = 0;
  const replace = (next: string): string => {
    const draw = "\b \b".repeat([...line].length) + next;
    line = next;
    return draw;
  };
  const recall = (step: number): string => {
    const wanted = Math.min(history.length, Math.max(0, place + step));
    if (wanted === place) return "";
    place = wanted;
    return replace(history[place] ?? "");
  };
  return {
    type: (data) => {
      let draw = "";
      let send = "";
      for (const key of keysOf(data)) {
        if (key === "\r" || key === "\n") {
          draw += "\r\n";
          send += `${line}\n`;
          if (line !== "" && history.at(-1) !== line) history.push(line);
          if (history.length > MAXIMUM_HISTORY) history.shift();
          place = history.length;
          line = "";
        } else if (key === "\u007f" || key === "\b") {
          draw += replace([...line].slice(0, -1).join(""));
        } else if (key === "\u0015") {
          draw += replace("");
        } else if (key === "\u0003") {
          draw += "^C\r\n";
          line = "";
          place = history.length;
        } else if (key === "\u0004") {
          if (line === "") send += "\u0004";
        } else if (key === "\u001b[A" || key === "\u001bOA") {
          draw += recall(-1);
        } else if (key === "\u001b[B" || key === "\u001bOB") {
          draw += recall(1);
        } else if (key >= " " && !key.startsWith("\u001b")) {
          line += key;
          draw += key;
        }
      }
      return { draw, send };
    },
  };
}

/** Splits what a terminal says into keys: an escape sequence is one, a character beyond 16 bit is one. */
function keysOf(data: string): readonly string[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences of keys are what it looks for.
  return data.match(/\u001b(?:\[[0-9;]*[A-Za-z~]|O[A-Z])|[\s\S]/gu) ?? [];
}
