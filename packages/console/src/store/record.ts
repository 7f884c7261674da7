import { crc32 } from "node:zlib";
import { LEVELS, type Level, type LogEntry } from "../shared/log-types.js";
import type { NewLine } from "./types.js";

/** "DLR1", as a little-endian number. */
const MAGIC = 0x31524c44;
/** Magic, length and checksum of the content, first number, lines, time of storing, checksum of this. */
const HEADER = 36;

/** What was appended in one call; it is on disk as a whole, or not at all. */
export interface OpenRecord {
  readonly first: number;
  /** Milliseconds since 1970, by the store's clock. */
  readonly storedAt: number;
  readonly lines: readonly LogEntry[];
  /** Cursors by source, of those that changed. */
  readonly checkpoints: Readonly<Record<string, string>>;
}

/** What is to be written as one record. */
export interface NewRecord {
  readonly first: number;
  readonly storedAt: number;
  readonly lines: readonly NewLine[];
  readonly checkpoints: Readonly<Record<string, string>>;
}

/** What a line is known by; most lines of a record share it with others, so it stands once. */
type Kind = readonly [
  process: string,
  instance: string,
  release: number | null,
  stream: LogEntry["stream"],
  level: Level,
];

/** What is in a record: `l` has the time, the kind and the text of each line, one behind the other. */
interface Content {
  readonly k: readonly Kind[];
  readonly l: readonly (number | string)[];
  readonly c: Readonly<Record<string, string>>;
}

/** A record as bytes. JSON within, because that keeps NUL and halves of surrogate pairs as they are. */
export function encodeRecord({ first, storedAt, lines, checkpoints }: NewRecord): Buffer {
  const kinds: Kind[] = [];
  const known = new Map<string, number>();
  const columns: (number | string)[] = [];
  for (const { time, process, instance, release = null, stream, level, text } of lines) {
    const key = `${process}\0${instance}\0${release}\0${stream}\0${level}`;
    let kind = known.get(key);
    if (kind === undefined) {
      kind = kinds.push([process, instance, release, stream, level]) - 1;
      // A name with a NUL in it might be taken for two.
      if (!process.includes("\0") && !instance.includes("\0")) known.set(key, kind);
    }
    columns.push(time, kind, text);
  }
  const content = Buffer.from(JSON.stringify({ k: kinds, l: columns, c: checkpoints } satisfies Content));
  const record = Buffer.allocUnsafe(HEADER + content.length);
  record.writeUInt32LE(MAGIC, 0);
  record.writeUInt32LE(content.length, 4);
  record.writeUInt32LE(crc32(content), 8);
  record.writeDoubleLE(first, 12);
  record.writeUInt32LE(lines.length, 20);
  record.writeDoubleLE(storedAt, 24);
  record.writeUInt32LE(crc32(record.subarray(0, 32)), 32);
  content.copy(record, HEADER);
  return record;
}

/** What a segment's bytes hold. */
export interface ScannedRecords {
  readonly records: readonly OpenRecord[];
  /** Up to here the bytes are records, unless `damaged`. */
  readonly length: number;
  /** Something that cannot be read lies before something that can: no torn end, but damage. */
  readonly damaged: boolean;
  /** No number below this one is free, as far as can be told. */
  readonly next: number;
}

/** Reads what can be read. A record that is not whole, with nothing behind it, is what a crash leaves: its end is not counted. */
export function scanRecords(bytes: Buffer): ScannedRecords {
  const records: OpenRecord[] = [];
  let at = 0;
  let length = 0;
  let next = 1;
  let skipped = false;
  let damaged = false;
  while (at < bytes.length) {
    const header = readHeader(bytes, at);
    // A record that was cut has told its numbers already, perhaps: they are not given out again.
    if (header !== undefined) next = Math.max(next, header.first + header.count);
    const record = header === undefined ? undefined : readContent(bytes, at, header);
    if (record === undefined || header === undefined) {
      skipped = true;
      at = nextHeader(bytes, at + 1);
      continue;
    }
    damaged ||= skipped;
    records.push(record);
    at += HEADER + header.length;
    length = at;
  }
  return { records, length, damaged, next };
}

interface Header {
  readonly length: number;
  readonly checksum: number;
  readonly first: number;
  readonly count: number;
  readonly storedAt: number;
}

function readHeader(bytes: Buffer, at: number): Header | undefined {
  if (at + HEADER > bytes.length || bytes.readUInt32LE(at) !== MAGIC) return undefined;
  if (crc32(bytes.subarray(at, at + 32)) !== bytes.readUInt32LE(at + 32)) return undefined;
  return {
    length: bytes.readUInt32LE(at + 4),
    checksum: bytes.readUInt32LE(at + 8),
    first: bytes.readDoubleLE(at + 12),
    count: bytes.readUInt32LE(at + 20),
    storedAt: bytes.readDoubleLE(at + 24),
  };
}

function readContent(bytes: Buffer, at: number, header: Header): OpenRecord | undefined {
  const content = bytes.subarray(at + HEADER, at + HEADER + header.length);
  if (content.length !== header.length || crc32(content) !== header.checksum) return undefined;
  const { k: kinds, l: columns, c: checkpoints } = JSON.parse(content.toString()) as Content;
  const { first, storedAt } = header;
  const lines: LogEntry[] = [];
  for (let at = 0; at < columns.length; at += 3) {
    const [process, instance, release, stream, level] = kinds[columns[at + 1] as number]!;
    const [time, text] = [columns[at] as number, columns[at + 2] as string];
    const seq = first + lines.length;
    lines.push({
      seq,
      time,
      process,
      instance,
      ...(release === null ? {} : { release }),
      stream,
      level,
      text,
    });
  }
  return { first, storedAt, checkpoints, lines };
}

function nextHeader(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf("DLR1", from); at !== -1; at = bytes.indexOf("DLR1", at + 1)) {
    if (readHeader(bytes, at) !== undefined) return at;
  }
  return bytes.length;
}

const STREAMS: ReadonlySet<string> = new Set(["stdout", "stderr", "system"]);
const KNOWN_LEVELS: ReadonlySet<string> = new Set(LEVELS);
/** The year 33,658: beyond it a difference of two times might not be exact. */
const MAX_TIME = 1e15;

/** A line as it is kept: what a platform says wrongly must not stop the others. `now` where its time is none. */
export function soundLine(seq: number, line: NewLine, now: number): LogEntry {
  const time = Number.isFinite(line.time) ? Math.round(line.time) : now;
  return {
    seq,
    time: Math.max(-MAX_TIME, Math.min(MAX_TIME, time)) + 0,
    process: line.process,
    instance: line.instance,
    ...(line.release === undefined ? {} : { release: line.release }),
    stream: STREAMS.has(line.stream) ? line.stream : "stdout",
    level: KNOWN_LEVELS.has(line.level) ? line.level : "none",
    text: line.text,
  };
}
