import { type FileHandle, open } from "node:fs/promises";
import { type BlockHeader, type BlockPlace, isSoundDead, PREFIX, readHeader, readPrefix } from "./block.js";

/** A file of blocks, oldest first. */
export interface SealedFile {
  readonly path: string;
  readonly first: number;
  bytes: number;
}

/** A block, and what is known of it without reading its body. */
export interface BlockRef extends BlockPlace {
  readonly file: SealedFile;
  readonly header: Omit<BlockHeader, "checkpoints" | "filter" | "rows" | "text" | "odd">;
}

/** Bytes that are no block. */
export interface DamagedRange {
  readonly offset: number;
  readonly length: number;
  /** Nothing that can be read lies behind it. */
  readonly atEnd: boolean;
}

/** What a file of blocks holds. */
export interface WalkedFile {
  readonly file: SealedFile;
  readonly blocks: readonly BlockRef[];
  readonly damaged: readonly DamagedRange[];
  /** Cursors, as the last block has them. */
  readonly checkpoints: Readonly<Record<string, string>>;
}

/** No header is longer: what says so is no header. */
const MAX_HEADER = 64 * 1024 * 1024;

/** Reads the headers of a file; finds its way again behind bytes that are damaged. */
export async function walkSealedFile(path: string, first: number): Promise<WalkedFile> {
  const handle = await open(path, "r");
  try {
    const { size } = await handle.stat();
    const file: SealedFile = { path, first, bytes: size };
    const blocks: BlockRef[] = [];
    const damaged: DamagedRange[] = [];
    let checkpoints: Readonly<Record<string, string>> = {};
    for (let at = 0; at < size; ) {
      const found = await readBlock(handle, at, size);
      if (found === undefined) {
        const next = await nextBlock(handle, at + 1, size);
        damaged.push({ offset: at, length: next - at, atEnd: next === size });
        at = next;
        continue;
      }
      if (found.header !== undefined) {
        checkpoints = found.header.checkpoints;
        blocks.push(refOf(file, found.place, found.header));
      }
      at += PREFIX + found.place.headerLength + found.place.bodyLength;
    }
    return { file, blocks, damaged, checkpoints };
  } finally {
    await handle.close();
  }
}

/** What is kept in memory of a block. */
export function refOf(
  file: SealedFile,
  { offset, headerLength, bodyLength }: BlockPlace,
  header: BlockHeader,
): BlockRef {
  const { checkpoints: _, filter: __, rows: ___, text: ____, odd: _____, ...kept } = header;
  return { file, offset, headerLength, bodyLength, header: kept };
}

async function readBlock(
  handle: FileHandle,
  at: number,
  size: number,
): Promise<{ readonly place: BlockPlace; readonly header?: BlockHeader } | undefined> {
  const prefix = await readAt(handle, at, PREFIX);
  const place = readPrefix(prefix, at);
  if (place === undefined || place.headerLength > MAX_HEADER) return undefined;
  if (at + PREFIX + place.headerLength + place.bodyLength > size) return undefined;
  if (place.dead) return isSoundDead(prefix) ? { place } : undefined;
  const header = readHeader(prefix, await readAt(handle, at + PREFIX, place.headerLength));
  return header === undefined ? undefined : { place, header };
}

async function nextBlock(handle: FileHandle, from: number, size: number): Promise<number> {
  const step = 1024 * 1024;
  for (let at = from; at < size; at += step - 3) {
    const bytes = await readAt(handle, at, Math.min(step, size - at));
    for (let found = bytes.indexOf("DLB"); found !== -1; found = bytes.indexOf("DLB", found + 1)) {
      if ((await readBlock(handle, at + found, size)) !== undefined) return at + found;
    }
  }
  return size;
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  const { bytesRead } = await handle.read(bytes, 0, length, position);
  return bytes.subarray(0, bytesRead);
}
