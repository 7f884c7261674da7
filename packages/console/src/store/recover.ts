import { mkdir, open, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { deadPrefix, PREFIX } from "./block.js";
import { firstOf, openName } from "./names.js";
import { scanRecords } from "./record.js";
import { type BlockRef, type SealedFile, type WalkedFile, walkSealedFile } from "./sealed-file.js";
import { addLine, type Segment, type StreamContent } from "./segment.js";

/** More than this is not copied of what is damaged: a disk that dies must not fill itself. */
const MAX_DAMAGED_BYTES = 64 * 1024 * 1024;

/** What was found in a stream's directory. */
export interface Recovered {
  readonly content: StreamContent;
  /** What could not be read, for a person. */
  readonly damage: readonly string[];
}

/**
 * Reads a stream's directory back: blocks, then what is in no block yet.
 *
 * A record or block that a crash has cut at the end of its file is removed: nobody was told that it is stored. A line
 * that is both in a block and in an open segment was sealed just before a crash, and counts once. Anything else that
 * cannot be read is damage: it is copied to `damaged/`, stepped over from then on, and told.
 */
export async function recoverStream(directory: string): Promise<Recovered> {
  const names = await readdir(directory);
  const opens = filesOf(names, "open");
  const damage: string[] = [];
  const files: SealedFile[] = [];
  const blocks: BlockRef[] = [];
  let checkpoints: Readonly<Record<string, string>> = {};
  const sealed = filesOf(names, "sealed");
  for (const [index, { name, first }] of sealed.entries()) {
    const walked = await walkSealedFile(join(directory, name), first);
    const last = (walked.blocks.at(-1) ?? blocks.at(-1))?.header;
    const end = last === undefined ? first : last.first + last.count;
    const pending = index === sealed.length - 1 && opens.some((segment) => segment.first <= end);
    damage.push(...(await mend(directory, walked, pending)));
    files.push(walked.file);
    blocks.push(...walked.blocks.filter(({ header }) => header.first >= endOf(blocks)));
    checkpoints = { ...checkpoints, ...walked.checkpoints };
  }
  const segments: Segment[] = [];
  let next = endOf(blocks);
  for (const [index, { name, first }] of opens.entries()) {
    const path = join(directory, name);
    const bytes = await readFile(path);
    const { records, length, damaged, next: free } = scanRecords(bytes);
    const segment: Segment = { ...freshSegment(directory, first, checkpoints), path, length };
    let known = endOf(blocks);
    for (const before of segments) known = Math.max(known, (before.lines.at(-1)?.seq ?? 0) + 1);
    for (const record of records) {
      segment.storedAt = Math.max(segment.storedAt, record.storedAt);
      checkpoints = { ...checkpoints, ...record.checkpoints };
      segment.checkpoints = checkpoints;
      for (const line of record.lines) if (line.seq >= known) addLine(segment, line);
    }
    next = Math.max(next, first, free);
    if (damaged || (length < bytes.length && index < opens.length - 1)) {
      await keepCopy(directory, `${name}-${Date.now()}`, bytes);
      damage.push(`a part of ${name}`);
    } else if (length < bytes.length) await cut(path, length);
    segments.push(segment);
  }
  const clean = damage.length === 0 ? segments.pop() : undefined;
  const current = clean ?? freshSegment(directory, next, checkpoints);
  return { content: { files, blocks, sealing: segments, open: current, next, checkpoints }, damage };
}

/** A segment that has no file yet. */
export const freshSegment = (
  directory: string,
  first: number,
  checkpoints: Readonly<Record<string, string>>,
): Segment => ({
  ...{ path: join(directory, openName(first)), first, checkpoints },
  ...{ lines: [], textBytes: 0, length: 0, storedAt: 0 },
});

const endOf = (blocks: readonly BlockRef[]): number => {
  const last = blocks.at(-1)?.header;
  return last === undefined ? 1 : last.first + last.count;
};

function filesOf(
  names: readonly string[],
  kind: "open" | "sealed",
): readonly { readonly name: string; readonly first: number }[] {
  return names
    .flatMap((name) => {
      const first = firstOf(kind, name);
      return first === undefined ? [] : [{ name, first }];
    })
    .sort((a, b) => a.first - b.first);
}

async function mend(directory: string, { file, damaged }: WalkedFile, pending: boolean): Promise<string[]> {
  const told: string[] = [];
  for (const { offset, length, atEnd } of damaged) {
    if (atEnd && pending) {
      await cut(file.path, offset);
      file.bytes = offset;
      continue;
    }
    told.push(`${length} bytes of ${basename(file.path)}`);
    await setAside(directory, file.path, offset, length);
    if (atEnd && length < PREFIX) file.bytes = offset;
  }
  return told;
}

/** Copies bytes that cannot be read to `damaged/`, and marks them so that nobody tries again. */
export async function setAside(
  directory: string,
  path: string,
  offset: number,
  length: number,
): Promise<void> {
  const handle = await open(path, "r+");
  try {
    const bytes = Buffer.alloc(Math.min(length, MAX_DAMAGED_BYTES));
    await handle.read(bytes, 0, bytes.length, offset).catch(() => undefined);
    await keepCopy(directory, `${basename(path)}-${offset}`, bytes);
    if (length < PREFIX) await handle.truncate(offset);
    else await handle.write(deadPrefix(length), 0, PREFIX, offset);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function keepCopy(directory: string, name: string, bytes: Buffer): Promise<void> {
  const folder = join(directory, "damaged");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const kept = await Promise.all(
    (await readdir(folder)).map(async (one) => (await stat(join(folder, one))).size),
  );
  if (kept.reduce((sum, size) => sum + size, bytes.length) > MAX_DAMAGED_BYTES) return;
  await writeFile(join(folder, name), bytes, { mode: 0o600 });
}

async function cut(path: string, length: number): Promise<void> {
  const handle = await open(path, "r+");
  try {
    await handle.truncate(length);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
