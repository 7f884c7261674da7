import { crc32, deflateRawSync, inflateRawSync } from "node:zlib";
import type { LogEntry, ReleaseBoundary } from "../shared/log-types.js";
import { foldCase, type LineFacts } from "../shared/match.js";
import { lowerCase } from "./find-bytes.js";
import { createGramFilter } from "./gram-filter.js";
import { decodeVarints, encodeVarints, unzigzag, zigzag } from "./varints.js";

/** "DLB1", as a little-endian number: a block. */
const MAGIC = 0x31424c44;
/** "DLBX": bytes that could not be read and were set aside; they are stepped over. */
const DEAD = 0x58424c44;
/** Magic, length of the header, length of the body, checksum of these two lengths and the header. */
export const PREFIX = 16;

/** Lines of one block: so many compress well together, and are read quickly for one of them. */
export const BLOCK_LINES = 4000;

/** A part of a block's body. */
interface Part {
  readonly length: number;
  readonly checksum: number;
  /** Bytes before compression. */
  readonly raw: number;
}

/** What is known of a block without its body. */
export interface BlockHeader {
  readonly first: number;
  readonly count: number;
  /** Of its first and its last line. */
  readonly firstTime: number;
  readonly lastTime: number;
  readonly minTime: number;
  readonly maxTime: number;
  /** When the last of its lines was stored, by the store's clock. */
  readonly storedAt: number;
  /** What its lines are known by, and how many there are of each. */
  readonly kinds: readonly LineFacts[];
  readonly counts: readonly number[];
  /** Its texts have nothing but ASCII. */
  readonly ascii: boolean;
  /** The first line of each release in it. */
  readonly releases: readonly ReleaseBoundary[];
  /** Cursors of all sources, once the block was stored. */
  readonly checkpoints: Readonly<Record<string, string>>;
  /** Bitmap of grams; not compressed. */
  readonly filter: Part;
  /** Times, kinds and lengths. */
  readonly rows: Part;
  /** UTF-8, a newline behind each line. */
  readonly text: Part;
  /** Texts that UTF-8 cannot hold, by row. */
  readonly odd: Part;
}

/** A block where it lies. */
export interface BlockPlace {
  readonly offset: number;
  readonly headerLength: number;
  readonly bodyLength: number;
}

/** Lines whose numbers follow each other, as bytes for a file. */
export function encodeBlock(
  lines: readonly LogEntry[],
  storedAt: number,
  checkpoints: Readonly<Record<string, string>>,
): Buffer {
  const { facts, kinds, counts } = collectKinds(lines);
  const texts = lines.map((line) => line.text);
  const encoded = texts.map((text) => Buffer.byteLength(text));
  const text = Buffer.from(`${texts.join("\n")}\n`);
  const odd = texts.flatMap((one, row) => (LONE_SURROGATE.test(one) ? [[row, one] as const] : []));
  const ascii = text.length === texts.reduce((sum, one) => sum + one.length + 1, 0);
  const filter = createGramFilter(ascii ? lowerCase(text) : Buffer.from(foldCase(texts.join("\n"))));
  let before = 0;
  const times = lines.map((line) => {
    const delta = zigzag(line.time - before);
    before = line.time;
    return delta;
  });
  const rows = Buffer.concat([encodeVarints(facts), encodeVarints(times), encodeVarints(encoded)]);
  const oddBytes = odd.length === 0 ? Buffer.alloc(0) : Buffer.from(JSON.stringify(odd));
  const bodies = [filter, ...[rows, text, oddBytes].map(shrink)];
  const [filterPart, rowsPart, textPart, oddPart] = [filter, rows, text, oddBytes].map(
    (raw, index): Part => ({
      length: bodies[index]!.length,
      checksum: crc32(bodies[index]!),
      raw: raw.length,
    }),
  );
  const header: BlockHeader = {
    ...{ first: lines[0]!.seq, count: lines.length, storedAt, kinds, counts, ascii, checkpoints },
    ...boundsOf(lines),
    ...{ filter: filterPart!, rows: rowsPart!, text: textPart!, odd: oddPart! },
  };
  const headerBytes = Buffer.from(JSON.stringify(header));
  return Buffer.concat([
    prefixOf(
      MAGIC,
      headerBytes,
      bodies.reduce((sum, { length }) => sum + length, 0),
    ),
    headerBytes,
    ...bodies,
  ]);
}

/** Nothing stays nothing: most blocks have no odd texts. */
const shrink = (raw: Buffer): Buffer =>
  raw.length === 0 ? raw : deflateRawSync(raw, { level: 6, memLevel: 9 });

const LONE_SURROGATE = /\p{Surrogate}/u;

function collectKinds(lines: readonly LogEntry[]): {
  readonly facts: readonly number[];
  readonly kinds: readonly LineFacts[];
  readonly counts: readonly number[];
} {
  const kinds: LineFacts[] = [];
  const counts: number[] = [];
  const known = new Map<string, number>();
  const facts = lines.map(({ process, instance, release, stream, level }) => {
    const key = JSON.stringify([process, instance, release, stream, level]);
    let kind = known.get(key);
    if (kind === undefined) {
      kind = kinds.length;
      known.set(key, kind);
      kinds.push({ process, instance, ...(release === undefined ? {} : { release }), stream, level });
      counts.push(0);
    }
    counts[kind]!++;
    return kind;
  });
  return { facts, kinds, counts };
}

function boundsOf(
  lines: readonly LogEntry[],
): Pick<BlockHeader, "firstTime" | "lastTime" | "minTime" | "maxTime" | "releases"> {
  let minTime = Number.POSITIVE_INFINITY;
  let maxTime = Number.NEGATIVE_INFINITY;
  const releases = new Map<number, ReleaseBoundary>();
  for (const { time, release, seq } of lines) {
    minTime = Math.min(minTime, time);
    maxTime = Math.max(maxTime, time);
    if (release !== undefined && !releases.has(release)) releases.set(release, { release, seq, time });
  }
  const [firstTime, lastTime] = [lines[0]!.time, lines.at(-1)!.time];
  return { firstTime, lastTime, minTime, maxTime, releases: [...releases.values()] };
}

function prefixOf(magic: number, header: Uint8Array, bodyLength: number): Buffer {
  const prefix = Buffer.allocUnsafe(PREFIX);
  prefix.writeUInt32LE(magic, 0);
  prefix.writeUInt32LE(header.length, 4);
  prefix.writeUInt32LE(bodyLength, 8);
  prefix.writeUInt32LE(crc32(header, crc32(prefix.subarray(4, 12))), 12);
  return prefix;
}

/** What is written over the beginning of `length` bytes that cannot be read. */
export const deadPrefix = (length: number): Buffer => prefixOf(DEAD, Buffer.alloc(0), length - PREFIX);

/** The place that a prefix tells of; undefined where there is none. */
export function readPrefix(
  prefix: Uint8Array,
  offset: number,
): (BlockPlace & { readonly dead: boolean }) | undefined {
  if (prefix.length < PREFIX) return undefined;
  const view = Buffer.from(prefix.buffer, prefix.byteOffset, PREFIX);
  const magic = view.readUInt32LE(0);
  if (magic !== MAGIC && magic !== DEAD) return undefined;
  return {
    offset,
    headerLength: view.readUInt32LE(4),
    bodyLength: view.readUInt32LE(8),
    dead: magic === DEAD,
  };
}

/** The header of a block, or undefined where it is not what was written. */
export function readHeader(prefix: Uint8Array, header: Uint8Array): BlockHeader | undefined {
  const view = Buffer.from(prefix.buffer, prefix.byteOffset, PREFIX);
  if (crc32(header, crc32(view.subarray(4, 12))) !== view.readUInt32LE(12)) return undefined;
  return JSON.parse(Buffer.from(header).toString()) as BlockHeader;
}

/** Whether the prefix of a dead range is as it was written. */
export const isSoundDead = (prefix: Uint8Array): boolean => {
  const view = Buffer.from(prefix.buffer, prefix.byteOffset, PREFIX);
  return crc32(view.subarray(4, 12)) === view.readUInt32LE(12);
};

/** Reads bytes of the block's body. */
export type ReadBody = (from: number, length: number) => Buffer;

/** What a block's body says otherwise than when it was written. */
export class DamagedBlock extends Error {
  override readonly name = "DamagedBlock";
}

/** The parts of a body, each read and unpacked when it is asked for, and checked. Throws {@link DamagedBlock}. */
export interface BlockBody {
  filter(): Buffer;
  rows(): BlockRows;
  text(): Buffer;
  odd(): ReadonlyMap<number, string>;
}

/** The columns of a block beside its text. */
export interface BlockRows {
  readonly kinds: Float64Array;
  readonly times: Float64Array;
  /** Where each line begins in the text, and at last where the text ends. */
  readonly starts: Float64Array;
}

/** A block's body, by its header. */
export function openBody(header: BlockHeader, read: ReadBody): BlockBody {
  const parts = [header.filter, header.rows, header.text, header.odd] as const;
  const part = (which: 0 | 1 | 2 | 3): Buffer => {
    const { length, checksum, raw } = parts[which];
    if (length === 0) return Buffer.alloc(0);
    const from = parts.slice(0, which).reduce((sum, before) => sum + before.length, 0);
    const bytes = read(from, length);
    if (bytes.length !== length || crc32(bytes) !== checksum) throw new DamagedBlock();
    return which === 0 ? bytes : inflateRawSync(bytes, { maxOutputLength: raw, chunkSize: raw + 64 });
  };
  return {
    filter: () => part(0),
    rows: () => rowsOf(part(1), header.count),
    text: () => part(2),
    odd: () => new Map(header.odd.length === 0 ? [] : (JSON.parse(part(3).toString()) as [number, string][])),
  };
}

function rowsOf(bytes: Buffer, count: number): BlockRows {
  const kinds = decodeVarints(bytes, 0, count);
  const times = decodeVarints(bytes, kinds.end, count);
  const lengths = decodeVarints(bytes, times.end, count);
  let time = 0;
  const starts = new Float64Array(count + 1);
  for (let row = 0; row < count; row++) {
    time += unzigzag(times.values[row]!);
    times.values[row] = time;
    starts[row + 1] = starts[row]! + lengths.values[row]! + 1;
  }
  return { kinds: kinds.values, times: times.values, starts };
}

/** The text of a row. */
export function textOf(header: BlockHeader, text: Buffer, rows: BlockRows, row: number): string {
  const [from, end] = [rows.starts[row]!, rows.starts[row + 1]! - 1];
  return text.toString(header.ascii ? "latin1" : "utf8", from, end);
}
