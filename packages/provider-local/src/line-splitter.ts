/** A line longer than this is passed on in pieces, in characters. */
const longestLine = 65_536;

/** Makes whole lines of text that comes in pieces. */
export interface LineSplitter {
  add(text: string): void;
  /** Passes on what came after the last newline. */
  end(): void;
}

/** A splitter that passes each line on without its newline, and without a carriage return before that. */
export function createLineSplitter(onLine: (line: string) => void): LineSplitter {
  let rest = "";
  return {
    add(text) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) onLine(line.endsWith("\r") ? line.slice(0, -1) : line);
      if (rest.length <= longestLine) return;
      onLine(rest);
      rest = "";
    },
    end() {
      if (rest !== "") onLine(rest);
      rest = "";
    },
  };
}
