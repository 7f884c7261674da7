import { unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { encodeBlock, PREFIX, readHeader, readPrefix } from "./block.js";
import { hasCode, type StoreFile, type StoreFiles } from "./files.js";
import { sealedName } from "./names.js";
import type { ScanPool } from "./pool.js";
import { type BlockRef, refOf, type SealedFile } from "./sealed-file.js";
import { pieces, type Segment, type StreamContent } from "./segment.js";

/** The file that blocks are appended to, while it is open. */
interface Target {
  readonly file: SealedFile;
  readonly handle: StoreFile;
}

/** Makes blocks of full segments. */
export interface Sealer {
  /** Seals the oldest of the full segments; its lines are in memory until its blocks are on disk. */
  sealNext(): Promise<void>;
  /** Removes a file of blocks, the oldest. */
  drop(file: SealedFile): Promise<void>;
  close(): Promise<void>;
}

/**
 * The order makes it safe to be killed anywhere: the blocks are on disk before the segment goes, and when both are found
 * the segment's lines are known from the blocks. A block that is not whole is cut, and made again from the segment.
 */
export function createSealer(
  content: StreamContent,
  directory: string,
  files: StoreFiles,
  pool: ScanPool,
  maxFileBytes: number,
): Sealer {
  let target: Target | undefined;

  async function openTarget(first: number): Promise<Target> {
    if (target !== undefined && target.file.bytes < maxFileBytes) return target;
    await target?.handle.close();
    target = undefined;
    const last = content.files.at(-1);
    const file =
      last !== undefined && last.bytes < maxFileBytes
        ? last
        : { path: join(directory, sealedName(first)), first, bytes: 0 };
    const handle = await files.open(file.path);
    target = { file, handle };
    // What an attempt that failed has left behind the last block.
    await handle.truncate(file.bytes);
    if (file.bytes === 0) await files.syncDirectory(directory);
    return target;
  }

  /** From its file, in another thread: reading lines back costs less than handing them over. What that misses is in memory. */
  async function encode({ path, length, lines, storedAt, checkpoints }: Segment): Promise<readonly Buffer[]> {
    const above = lines[0]!.seq - 1;
    try {
      const task = { type: "seal", length, above, storedAt, checkpoints } as const;
      const { sealed } = await pool.run({ file: path, blocks: [], task });
      if (sealed?.lines === lines.length) return sealed.blocks.map((block) => Buffer.from(block));
    } catch {
      // Its file cannot be read; below it is not needed.
    }
    return [...pieces(lines)].map((piece) => encodeBlock(piece, storedAt, checkpoints));
  }

  async function sealNext(): Promise<void> {
    const [segment] = content.sealing;
    if (segment === undefined) return;
    if (segment.lines.length > 0) {
      const { file, handle } = await openTarget(segment.lines[0]!.seq);
      const refs: BlockRef[] = [];
      let at = file.bytes;
      try {
        for (const bytes of await encode(segment)) {
          await handle.write(bytes, at);
          refs.push(refOfBytes(file, at, bytes));
          at += bytes.length;
        }
        await handle.sync();
      } catch (error) {
        await handle.truncate(file.bytes).catch(() => undefined);
        throw error;
      }
      file.bytes = at;
      if (!content.files.includes(file)) content.files = [...content.files, file];
      content.blocks = [...content.blocks, ...refs];
    }
    content.sealing = content.sealing.filter((other) => other !== segment);
    await remove(segment, files);
  }

  return {
    sealNext,
    async drop(file) {
      if (target?.file === file) {
        await target.handle.close();
        target = undefined;
      }
      content.files = content.files.filter((other) => other !== file);
      content.blocks = content.blocks.filter((block) => block.file !== file);
      await unlinkIfThere(file.path);
      await files.syncDirectory(directory);
    },
    async close() {
      await target?.handle.close();
      target = undefined;
    },
  };
}

function refOfBytes(file: SealedFile, offset: number, bytes: Buffer): BlockRef {
  const place = readPrefix(bytes, offset);
  const header =
    place && readHeader(bytes.subarray(0, PREFIX), bytes.subarray(PREFIX, PREFIX + place.headerLength));
  if (place === undefined || header === undefined) throw new Error("A block could not be read back.");
  return refOf(file, place, header);
}

async function remove(segment: Segment, files: StoreFiles): Promise<void> {
  await segment.file?.close();
  await unlinkIfThere(segment.path);
  await files.syncDirectory(dirname(segment.path));
}

async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
}
