/** A line longer than this is passed on in pieces, in characters; Heroku itself cuts at 10,000 bytes. */
const longestLine = 65_536;

/**
 * The lines of a stream of bytes, without their newlines; a character whose bytes come in two pieces stays whole.
 *
 * What follows the last newline is a line only when the stream ends in order: when it is cut, half a line is dropped and
 * the error of the stream is thrown. The next piece is asked for when the last line has been taken: back-pressure
 * reaches the source.
 */
export async function* readLines(source: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const piece of source) {
    rest += decoder.decode(piece, { stream: true });
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield withoutReturn(line);
    while (rest.length > longestLine) {
      yield rest.slice(0, longestLine);
      rest = rest.slice(longestLine);
    }
  }
  rest += decoder.decode();
  if (rest !== "") yield withoutReturn(rest);
}

function withoutReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}
