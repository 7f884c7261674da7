import type { ComponentChild, JSX } from "preact";
import { type AnsiPiece, parseAnsi } from "./ansi.js";
import type { Highlighter } from "./highlight.js";
import type { Range } from "./ranges.js";

/** Characters of a line that are shown at first; more once it is opened. */
export const SHOWN = 4000;
/** Characters that an opened line shows; the rest is in the download. */
const SHOWN_OPEN = 60_000;

/** A line's text: colours, marks for what must not act, matches. Elements only: nothing is ever parsed as HTML. */
export function LineText(props: {
  readonly text: string;
  readonly highlighter: Highlighter;
  readonly open?: boolean;
}): JSX.Element {
  void props.highlighter.version.value;
  const limit = props.open ? SHOWN_OPEN : SHOWN;
  const cut = props.text.length > limit;
  const pieces = parseAnsi(cut ? props.text.slice(0, limit) : props.text);
  const ranges = props.highlighter.find(
    pieces.length === 1 ? pieces[0]!.text : pieces.map((piece) => piece.text).join(""),
  );
  return (
    <>
      {ranges.length === 0
        ? pieces.map((piece, index) => <Plain key={index} piece={piece} />)
        : marked(pieces, ranges)}
      {cut ? (
        <span class="cut">{` … ${(props.text.length - limit).toLocaleString("en")} more characters`}</span>
      ) : null}
    </>
  );
}

function Plain({ piece }: { readonly piece: AnsiPiece }): ComponentChild {
  if (piece.mark !== undefined) {
    return (
      <span class="control" title={piece.mark}>
        {piece.text}
      </span>
    );
  }
  if (piece.look === "") return piece.text;
  return <span class={piece.look}>{piece.text}</span>;
}

function marked(pieces: readonly AnsiPiece[], ranges: readonly Range[]): JSX.Element[] {
  const made: JSX.Element[] = [];
  let start = 0;
  let next = 0;
  for (const piece of pieces) {
    const end = start + piece.text.length;
    let at = start;
    while (next < ranges.length && ranges[next]![0] < end) {
      const from = Math.max(ranges[next]![0], at);
      const to = Math.min(ranges[next]![1], end);
      if (from > at)
        made.push(
          <Plain key={made.length} piece={{ ...piece, text: piece.text.slice(at - start, from - start) }} />,
        );
      if (to > from) {
        made.push(
          <mark key={made.length}>
            <Plain piece={{ ...piece, text: piece.text.slice(from - start, to - start) }} />
          </mark>,
        );
      }
      at = Math.max(at, to);
      if (ranges[next]![1] > end) break;
      next++;
    }
    if (at < end)
      made.push(<Plain key={made.length} piece={{ ...piece, text: piece.text.slice(at - start) }} />);
    start = end;
  }
  return made;
}
