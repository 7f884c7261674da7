import type { Stats } from "node:fs";
import { createReadStream } from "node:fs";
import { lstat, readlink } from "node:fs/promises";
import { join } from "node:path";
import { type ContextEntry, contextError, DeployError } from "@deploy/core";

/** A file which is not on the disk, or whose text is another one there. */
export interface WrittenFile {
  readonly path: string;
  readonly text: string;
}

const block = 512;

/**
 * A build context as a tar, piece by piece, the same bytes for the same content on every machine: no owners, no times,
 * no permissions but the executable bit, entries in the order given.
 *
 * The layout is POSIX ustar; a path over 100 bytes or a file over 8 GiB gets a pax header before it.
 *
 * @throws `images.changed-while-building` when a file is not as long as it was a moment ago; `images.link-outside`.
 */
export async function* tarOf(
  directory: string,
  entries: readonly ContextEntry[],
  written: readonly WrittenFile[] = [],
): AsyncGenerator<Uint8Array, void, undefined> {
  const replaced = new Map(written.map((file) => [file.path, file.text]));
  const all: readonly ContextEntry[] = [
    ...entries.filter((entry) => !replaced.has(entry.path)),
    ...written.map(({ path }): ContextEntry => ({ path, kind: "file" })),
  ];
  for (const entry of [...all].sort((one, other) => (one.path < other.path ? -1 : 1))) {
    const text = replaced.get(entry.path);
    if (text === undefined) {
      yield* entryFromDisk(directory, entry);
      continue;
    }
    const bytes = Buffer.from(text);
    yield* headers({ path: entry.path, mode: 0o644, size: bytes.length, type: "0" });
    yield* padded(bytes);
  }
  yield Buffer.alloc(block * 2);
}

async function* entryFromDisk(directory: string, { path, kind }: ContextEntry): AsyncGenerator<Uint8Array> {
  const absolute = join(directory, path);
  if (kind === "directory") {
    yield* headers({ path: `${path}/`, mode: 0o755, size: 0, type: "5" });
    return;
  }
  if (kind === "link") {
    const target = await readlink(absolute).catch((error: unknown) => {
      throw contextError(absolute, error);
    });
    yield* headers({ path, mode: 0o777, size: 0, type: "2", link: target });
    return;
  }
  const stats: Stats = await lstat(absolute).catch((error: unknown) => {
    throw contextError(absolute, error);
  });
  const mode = (stats.mode & 0o100) === 0 ? 0o644 : 0o755;
  yield* headers({ path, mode, size: stats.size, type: "0" });
  let bytes = 0;
  for await (const piece of createReadStream(absolute) as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > stats.size) break;
    yield piece;
  }
  if (bytes !== stats.size) {
    throw new DeployError({
      code: "images.changed-while-building",
      message: `${path} was changed while it was read.`,
      hint: "Run again once nothing writes to the source any more.",
      retryable: true,
    });
  }
  yield Buffer.alloc((block - (stats.size % block)) % block);
}

interface Header {
  readonly path: string;
  readonly mode: number;
  readonly size: number;
  readonly type: "0" | "2" | "5" | "x";
  readonly link?: string;
}

function* headers(header: Header): Generator<Uint8Array> {
  const records: string[] = [];
  if (Buffer.byteLength(header.path) > 100) records.push(record("path", header.path));
  if (Buffer.byteLength(header.link ?? "") > 100) records.push(record("linkpath", header.link!));
  if (header.size > 0o77777777777) records.push(record("size", String(header.size)));
  if (records.length > 0) {
    const text = Buffer.from(records.join(""));
    yield ustar({ path: "pax", mode: 0o644, size: text.length, type: "x" });
    yield* padded(text);
  }
  yield ustar(header);
}

/** A pax record says its own length, that number included. */
function record(name: string, value: string): string {
  const rest = ` ${name}=${value}\n`;
  let length = Buffer.byteLength(rest) + 1;
  while (String(length).length + Buffer.byteLength(rest) !== length) length += 1;
  return `${length}${rest}`;
}

function* padded(bytes: Uint8Array): Generator<Uint8Array> {
  yield bytes;
  yield Buffer.alloc((block - (bytes.length % block)) % block);
}

function ustar({ path, mode, size, type, link = "" }: Header): Uint8Array {
  const header = Buffer.alloc(block);
  const octal = (value: number, at: number, digits: number): void => {
    header.write(`${value.toString(8).padStart(digits, "0")}\0`, at, "latin1");
  };
  Buffer.from(path).copy(header, 0, 0, 100);
  octal(mode, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  octal(Math.min(size, 0o77777777777), 124, 11);
  octal(0, 136, 11);
  header.write(type, 156, "latin1");
  Buffer.from(link).copy(header, 157, 0, 100);
  header.write("ustar\x0000", 257, "latin1");
  // The checksum counts itself as blanks.
  header.fill(" ", 148, 156);
  octal(
    header.reduce((sum, byte) => sum + byte, 0),
    148,
    6,
  );
  header.write(" ", 155, "latin1");
  return header;
}
