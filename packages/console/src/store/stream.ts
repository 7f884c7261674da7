import { basename } from "node:path";
import type { LogEntry, ReleaseBoundary } from "../shared/log-types.js";
import { PREFIX } from "./block.js";
import type { StoreFiles } from "./files.js";
import type { Health } from "./health.js";
import { chunksOf, runOrdered } from "./ordered-scan.js";
import type { ScanPool } from "./pool.js";
import { createReader } from "./reader.js";
import { recoverStream, setAside } from "./recover.js";
import type { SealedFile } from "./sealed-file.js";
import { createSealer } from "./sealer.js";
import { tailOf } from "./segment.js";
import type { RetentionLimits, StoredStream, StreamBounds, StreamKey } from "./types.js";
import { createWriter } from "./writer.js";

/** What a stream is opened with. */
export interface StreamContext {
  readonly key: StreamKey;
  readonly directory: string;
  readonly files: StoreFiles;
  readonly limits: RetentionLimits;
  readonly pool: ScanPool;
  readonly health: Health;
  now(): number;
}

/** A stream, and what the store does with it. */
export interface OpenStream extends StoredStream {
  prune(): Promise<void>;
  close(): Promise<void>;
}

const DAY = 86_400_000;
/** Retention removes whole files, so they are small beside what is kept. */
const FILES_KEPT = 32;
const SMALLEST_FILE = 64 * 1024;
const LARGEST_FILE = 8 * 1024 * 1024;

/** Opens a stream from its directory. */
export async function openStream(context: StreamContext): Promise<OpenStream> {
  const { key, directory, files, limits, pool, health } = context;
  const piece = JSON.stringify([key.app, key.environment]);
  const { content, damage } = await recoverStream(directory);
  const maxFileBytes = Math.max(SMALLEST_FILE, Math.min(LARGEST_FILE, limits.bytes / FILES_KEPT));
  const sealer = createSealer(content, directory, files, pool, maxFileBytes);
  const writer = createWriter({
    ...context,
    piece,
    content,
    sealer,
    onSealed: () => void prune().catch(() => undefined),
  });
  const reader = createReader({
    pool,
    snapshot: () => ({ blocks: content.blocks, tail: tailOf(content) }),
    onDamaged,
  });
  const closing = new AbortController();
  if (damage.length > 0) tellDamage(damage);
  const checked = verify().catch(() => undefined);
  if (content.sealing.length > 0) void writer.seal();

  function tellDamage(what: readonly string[]): void {
    health.set(`${piece} damage`, {
      reason: `Stored lines of ${key.app} in ${key.environment} cannot be read: ${what.join(", ")}. Everything else can.`,
      hint: `Check the disk. What was damaged lies in ${directory}/damaged; start the console again to go on storing.`,
    });
  }

  function onDamaged(file: SealedFile, offsets: readonly number[]): void {
    const bad = content.blocks.filter((block) => block.file === file && offsets.includes(block.offset));
    if (bad.length === 0) return;
    content.blocks = content.blocks.filter((block) => !bad.includes(block));
    tellDamage(
      bad.map(
        ({ header }) =>
          `lines ${header.first} to ${header.first + header.count - 1} in ${basename(file.path)}`,
      ),
    );
    void writer
      .alone(async () => {
        for (const { offset, headerLength, bodyLength } of bad) {
          await setAside(directory, file.path, offset, PREFIX + headerLength + bodyLength);
        }
      })
      // It stays where it is, and is found again.
      .catch(() => undefined);
  }

  /** Reads every block once, behind whatever else is asked for. */
  async function verify(): Promise<void> {
    const chunks = chunksOf(content.blocks, pool.maxBlocks);
    for await (const { chunk, result } of runOrdered(pool, chunks, { type: "verify" }, closing.signal)) {
      onDamaged(chunk.file, result.damaged);
    }
  }

  const bytesUsed = (): number =>
    content.files.reduce((sum, file) => sum + file.bytes, 0) +
    [...content.sealing, content.open].reduce((sum, segment) => sum + segment.length, 0);

  async function prune(): Promise<void> {
    const cutoff = context.now() - limits.days * DAY;
    const { open } = content;
    if (open.lines.length > 0 && open.storedAt < cutoff) await writer.sealAll();
    await writer.alone(async () => {
      for (let [file] = content.files; file !== undefined; [file] = content.files) {
        // By the time of storing: what a process says the time is must not remove its lines, nor keep them for ever.
        const storedAt = content.blocks.findLast((block) => block.file === file)?.header.storedAt ?? 0;
        if (storedAt >= cutoff && bytesUsed() <= limits.bytes) return;
        await sealer.drop(file);
      }
    });
  }

  function bounds(): StreamBounds {
    const [oldest] = content.blocks;
    const newest = content.blocks.at(-1);
    const tail = tailOf(content);
    const first = tail[0];
    const last = tail.at(-1);
    const lines = content.blocks.reduce((sum, { header }) => sum + header.count, tail.length);
    const bytes = bytesUsed();
    if (lines === 0) return { lines, bytes };
    return {
      lines,
      bytes,
      oldestSeq: oldest?.header.first ?? first!.seq,
      newestSeq: last?.seq ?? newest!.header.first + newest!.header.count - 1,
      oldestTime: oldest?.header.firstTime ?? first!.time,
      newestTime: last?.time ?? newest!.header.lastTime,
    };
  }

  function releases(): readonly ReleaseBoundary[] {
    const found = new Map<number, ReleaseBoundary>();
    const meet = (boundary: ReleaseBoundary): void => {
      if (!found.has(boundary.release)) found.set(boundary.release, boundary);
    };
    for (const { header } of content.blocks) for (const boundary of header.releases) meet(boundary);
    for (const { release, seq, time } of tailOf(content))
      if (release !== undefined) meet({ release, seq, time });
    return [...found.values()];
  }

  function names(): { readonly processes: readonly string[]; readonly instances: readonly string[] } {
    const processes = new Set<string>();
    const instances = new Set<string>();
    const meet = ({ process, instance }: Pick<LogEntry, "process" | "instance">): void => {
      processes.add(process);
      instances.add(instance);
    };
    for (const { header } of content.blocks) header.kinds.forEach(meet);
    tailOf(content).forEach(meet);
    return { processes: [...processes].sort(), instances: [...instances].sort() };
  }

  return {
    ...reader,
    append: (lines, checkpoint) => writer.append(lines, checkpoint),
    checkpoint: (source) =>
      Object.hasOwn(content.checkpoints, source) ? content.checkpoints[source] : undefined,
    ...{ bounds, releases, names, prune },
    async close() {
      closing.abort();
      await checked;
      await writer.close();
    },
  };
}
