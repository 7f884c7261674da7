import { Buffer } from "node:buffer";
import { crc32 } from "node:zlib";
import type { LogStream } from "@deploy/core";

/**
 * One atomic append to a segment: a fixed header, a short description in JSON, and lines that each end in a newline.
 *
 * Little endian: 0 magic, 4 checksum of the rest of the header, 8 checksum of description and body, 12 body length, 16 description length
 * (u16), 18 kind (u8), 19 flags (u8), 20 line count, then as 64-bit floats 24 sequence of the first line, 32 time,
 * 40 and 48 the range of the raw file that the lines came from.
 */
export interface Frame {
  readonly kind: FrameKind;
  /** The last line had no newline yet when it was taken: if one comes first, it ends that line and begins none. */
  readonly open: boolean;
  readonly lineCount: number;
  /** Number of the first line within its environment, from 0. */
  readonly sequence: number;
  /** When the lines were ingested, in milliseconds since 1970. */
  readonly time: number;
  readonly rawFrom: number;
  readonly rawTo: number;
  readonly description: string;
  readonly body: Buffer;
}

/** `lines` holds output; `checkpoint` the places reached in some raw files; `snapshot` those of all raw files. */
export type FrameKind = "lines" | "checkpoint" | "snapshot";

/** Whose output a frame holds, and out of which raw file. */
export interface FrameDescription {
  readonly process: string;
  readonly instance: string;
  readonly release: number | undefined;
  readonly stream: LogStream;
  /** Key of the raw file; empty for lines that were appended by a call. */
  readonly raw: string;
  readonly inode: number;
  /** For stored release output: number of the first line among all output of that release. */
  readonly line: number;
}

const kinds: readonly FrameKind[] = ["lines", "checkpoint", "snapshot"];

/** Length of the fixed part of a frame, in bytes. */
const headerLength = 56;

/** Frames that claim a longer body are damaged: 2 MB. */
const longestBody: number = 2 * 1024 * 1024;

// NUL is kept out of every line and description, so these bytes never occur inside a sound frame's body.
const magic: Buffer = Buffer.from([0x00, 0x44, 0x4c, 0x01]);
const magicNumber = magic.readUInt32LE(0);

/** Writes everything of a frame that precedes its body. */
export function encodeHeader(frame: Frame): Buffer {
  const description = Buffer.from(frame.description, "utf8");
  const header = Buffer.allocUnsafe(headerLength + description.length);
  header.writeUInt32LE(magicNumber, 0);
  header.writeUInt32LE(crc32(frame.body, crc32(description)), 8);
  header.writeUInt32LE(frame.body.length, 12);
  header.writeUInt16LE(description.length, 16);
  header.writeUInt8(kinds.indexOf(frame.kind), 18);
  header.writeUInt8(frame.open ? 1 : 0, 19);
  header.writeUInt32LE(frame.lineCount, 20);
  header.writeDoubleLE(frame.sequence, 24);
  header.writeDoubleLE(frame.time, 32);
  header.writeDoubleLE(frame.rawFrom, 40);
  header.writeDoubleLE(frame.rawTo, 48);
  description.copy(header, headerLength);
  header.writeUInt32LE(crc32(header.subarray(8, headerLength)), 4);
  return header;
}

/** What was found at a place: a sound frame and its length, too few bytes to tell, or no frame. */
export type Decoded =
  | { readonly found: "frame"; readonly frame: Frame; readonly length: number }
  | { readonly found: "more" }
  | { readonly found: "damage" };

const damage: Decoded = { found: "damage" };
const more: Decoded = { found: "more" };

/** Looks for a frame that begins at `start`. Its body is a view into `bytes`, not a copy. */
export function decodeFrame(bytes: Buffer, start: number, end: number): Decoded {
  if (end - start < headerLength) {
    const known = Math.min(4, end - start);
    const matches = magic.compare(bytes, start, start + known, 0, known) === 0;
    return matches ? more : damage;
  }
  if (bytes.readUInt32LE(start) !== magicNumber) return damage;
  if (crc32(bytes.subarray(start + 8, start + headerLength)) !== bytes.readUInt32LE(start + 4)) return damage;
  const bodyStart = start + headerLength + bytes.readUInt16LE(start + 16);
  const bodyEnd = bodyStart + bytes.readUInt32LE(start + 12);
  const kind = kinds[bytes.readUInt8(start + 18)];
  if (kind === undefined || bodyEnd - bodyStart > longestBody) return damage;
  if (bodyEnd > end) return more;
  if (
    crc32(bytes.subarray(bodyStart, bodyEnd), crc32(bytes.subarray(start + headerLength, bodyStart))) !==
    bytes.readUInt32LE(start + 8)
  )
    return damage;
  const frame: Frame = {
    kind,
    open: bytes.readUInt8(start + 19) === 1,
    lineCount: bytes.readUInt32LE(start + 20),
    sequence: bytes.readDoubleLE(start + 24),
    time: bytes.readDoubleLE(start + 32),
    rawFrom: bytes.readDoubleLE(start + 40),
    rawTo: bytes.readDoubleLE(start + 48),
    description: bytes.toString("utf8", start + headerLength, bodyStart),
    body: bytes.subarray(bodyStart, bodyEnd),
  };
  return { found: "frame", frame, length: bodyEnd - start };
}

/** Where the next frame may begin, at or behind `start`; `end` when nowhere. */
export function nextCandidate(bytes: Buffer, start: number, end: number): number {
  let at = bytes.indexOf(0, start);
  while (at !== -1 && at < end) {
    const known = Math.min(4, end - at);
    if (magic.compare(bytes, at, at + known, 0, known) === 0) return at;
    at = bytes.indexOf(0, at + 1);
  }
  return end;
}

/** Writes a description: an array, because it is stored with every frame. */
export function encodeDescription(description: FrameDescription): string {
  const { process, instance, release, stream, raw, inode, line } = description;
  return JSON.stringify([process, instance, release ?? null, stream, raw, inode, line]);
}

/** Reads a description. */
export function decodeDescription(text: string): FrameDescription {
  const [process, instance, release, stream, raw, inode, line] = JSON.parse(text) as [
    string,
    string,
    number | null,
    LogStream,
    string,
    number,
    number,
  ];
  return { process, instance, release: release ?? undefined, stream, raw, inode, line };
}
