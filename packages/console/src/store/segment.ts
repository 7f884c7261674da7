import type { LogEntry } from "../shared/log-types.js";
import { BLOCK_LINES } from "./block.js";
import type { StoreFile } from "./files.js";
import type { BlockRef, SealedFile } from "./sealed-file.js";

/** A file that lines are appended to; its lines are in memory too. */
export interface Segment {
  readonly path: string;
  readonly first: number;
  /** Those that are on disk. */
  readonly lines: LogEntry[];
  /** Of its text. */
  textBytes: number;
  /** Of its file, as far as what is in it is on disk. */
  length: number;
  /** When its last line was stored. */
  storedAt: number;
  /** Cursors of all sources behind its last line. */
  checkpoints: Readonly<Record<string, string>>;
  /** Once it was opened for writing. */
  file?: StoreFile;
}

/** Everything that is known of a stream. */
export interface StreamContent {
  files: readonly SealedFile[];
  /** Replaced as a whole, never changed: who reads keeps what he has begun with. */
  blocks: readonly BlockRef[];
  /** Full segments, which become blocks. */
  sealing: readonly Segment[];
  open: Segment;
  /** The number of the next line. */
  next: number;
  checkpoints: Readonly<Record<string, string>>;
}

/** A segment is sealed once it has so many lines, or so much text. */
export const SEGMENT_LINES: number = BLOCK_LINES;
/** In UTF-16 code units. */
export const SEGMENT_TEXT: number = 2 * 1024 * 1024;

/** Puts a line that is on disk at the end of a segment. */
export function addLine(segment: Segment, line: LogEntry): void {
  segment.lines.push(line);
  segment.textBytes += line.text.length;
}

/** Lines that are in no block yet, oldest first. */
export const tailOf = ({ sealing, open }: StreamContent): readonly LogEntry[] =>
  sealing.length === 0 ? open.lines.slice() : [...sealing, open].flatMap(({ lines }) => lines);

/** Runs of numbers without a gap, none too long for a block. */
export function* pieces(lines: readonly LogEntry[]): Generator<readonly LogEntry[]> {
  let from = 0;
  let text = 0;
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!;
    const gap = at > from && line.seq !== lines[at - 1]!.seq + 1;
    if (at > from && (gap || at - from >= BLOCK_LINES || text >= SEGMENT_TEXT)) {
      yield lines.slice(from, at);
      from = at;
      text = 0;
    }
    text += line.text.length;
  }
  if (from < lines.length) yield lines.slice(from);
}
