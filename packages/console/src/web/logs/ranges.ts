/** From, to. */
export type Range = readonly [number, number];

/** What is looked for. */
export interface Wanted {
  readonly text: string;
  readonly regex: boolean;
  readonly caseSensitive: boolean;
}

/** Matches of a pattern with the flag `g`; at most 200. */
export function rangesOf(pattern: RegExp, text: string): readonly Range[] {
  const found: Range[] = [];
  pattern.lastIndex = 0;
  for (const match of text.matchAll(pattern)) {
    if (match[0] === "") continue;
    found.push([match.index, match.index + match[0].length]);
    if (found.length >= 200) break;
  }
  return found;
}
