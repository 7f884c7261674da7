import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { open, readlink, realpath } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { DeployError } from "@deploy/core";

/** How an image is made from its context; part of its digest. */
export interface ImageBuild {
  /** Run in a copy of the context: a string by `sh -c`, an array as it is. Absent: the copy is the image. */
  readonly command?: string | readonly string[];
  /** Environment variables of the command. */
  readonly env?: Readonly<Record<string, string>>;
}

/** What one entry contributes to a digest. */
export type ContentRecord =
  | {
      readonly path: string;
      readonly kind: "file";
      readonly executable: boolean;
      readonly sha256: string;
      readonly bytes: number;
    }
  | { readonly path: string; readonly kind: "link"; readonly target: string }
  | { readonly path: string; readonly kind: "directory" };

/** How many files are read or copied at the same time. */
const concurrency = 8;

const chunkBytes = 256 * 1024;

/** The digest of a context and its build, `sha256:` and 64 hex digits; records must be sorted by path. */
export function digestOf(records: readonly ContentRecord[], build: ImageBuild): string {
  const hash = createHash("sha256");
  const env = Object.entries(build.env ?? {}).sort(([one], [other]) => (one < other ? -1 : 1));
  // Each line is JSON, so that no name can look like the end of a line or of a field.
  const line = (...fields: readonly unknown[]): void => void hash.update(`${JSON.stringify(fields)}\n`);
  line("deploy image", 1, build.command ?? null, env);
  for (const record of records) {
    if (record.kind === "file") line("file", record.path, record.executable, record.sha256);
    else if (record.kind === "link") line("link", record.path, record.target);
    else line("directory", record.path);
  }
  return `sha256:${hash.digest("hex")}`;
}

/**
 * The SHA-256 of a file in hex, read in pieces unless it is small.
 *
 * `bytes` is its size as far as is known: a small file is read in one synchronous go, as the four trips to the thread
 * pool which it would take otherwise cost ten times more than the reading.
 */
export async function hashFile(path: string, bytes: number, signal?: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  if (bytes <= chunkBytes) return hash.update(readFileSync(path)).digest("hex");
  const handle = await open(path, "r");
  try {
    const buffer = Buffer.allocUnsafe(chunkBytes);
    for (;;) {
      signal?.throwIfAborted();
      const { bytesRead } = await handle.read(buffer, 0, chunkBytes, null);
      if (bytesRead === 0) return hash.digest("hex");
      hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
}

/**
 * A link's target, relative to the link, as it must be in a copy of the context.
 *
 * `images.link-outside` when it leads out of the context, directly or by way of another link. An absolute target inside
 * is made relative, as otherwise the copy's link would lead back into the original.
 */
export async function readLink(root: string, path: string): Promise<string> {
  const link = join(root, path);
  const target = await readlink(link);
  const lexical = resolve(dirname(link), target);
  const real = await realpath(link).catch(() => undefined);
  if (!isInside(root, lexical) || (real !== undefined && !isInside(root, real))) {
    throw new DeployError({
      code: "images.link-outside",
      message: `${path} is a symbolic link to ${target}, which is outside of the build context.`,
      hint: "Copy what it points to into the context, or leave the link out with .dockerignore.",
      details: { path: link, target },
    });
  }
  return isAbsolute(target) ? relative(dirname(link), lexical) || "." : target;
}

function isInside(root: string, path: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
}

/** Applies `work` to every item, at most {@link concurrency} at a time; results in the order of the items. */
export async function inParallel<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  let failed = false;
  const worker = async (): Promise<void> => {
    while (!failed && next < items.length) {
      const index = next++;
      try {
        results[index] = await work(items[index] as T);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  // All of them are waited for, also after a failure: nobody may still be writing when the caller cleans up.
  const ends = await Promise.allSettled(Array.from({ length: concurrency }, worker));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  return results;
}
