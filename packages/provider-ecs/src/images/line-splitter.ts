import { StringDecoder } from "node:string_decoder";

/** Longest line that is waited for, characters; longer ones are handed out in pieces. */
const longestLine = 64 * 1024;

/** Turns pieces of output into whole lines; a carriage return, as progress bars write it, ends one as well. */
export function lineSplitter(onLine: (line: string) => void): {
  add(chunk: Uint8Array): void;
  end(): void;
} {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  const take = (text: string): void => {
    const lines = (rest + text).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "") onLine(line);
    if (rest.length > longestLine) {
      onLine(rest);
      rest = "";
    }
  };
  return {
    add: (chunk) => take(decoder.write(Buffer.from(chunk))),
    end: () => {
      take(decoder.end());
      if (rest.trim() !== "") onLine(rest.replace(/\r$/, ""));
      rest = "";
    },
  };
}
