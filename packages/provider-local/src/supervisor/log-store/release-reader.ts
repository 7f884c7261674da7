import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { LogLine } from "@deploy/core";
import type { LineFilter } from "./filter.js";
import { decodeDescription } from "./frame.js";
import { missingLine } from "./missing-line.js";
import { type LogPaths, listSegments } from "./paths.js";
import { releaseParts } from "./release-output.js";
import { openSegment } from "./segment-reader.js";

/** Streams the stored output of one release, a batch at a time; says where its middle was dropped. */
export async function* streamReleaseOutput(
  paths: LogPaths,
  release: number,
  filter: LineFilter,
): AsyncGenerator<LogLine[], void, void> {
  const folder = join(paths.releases, String(release));
  const epoch = (await listSegments(paths.segments)).at(-1)?.epoch ?? "0";
  let expected = 0;
  for (const file of releaseParts(await entriesOf(folder))) {
    const reader = await openSegment(folder, { file, sequence: 0, time: 0, epoch });
    if (reader === undefined) continue;
    try {
      for (let found = await reader.next(); found !== undefined; found = await reader.next()) {
        const { frame, skipped } = found;
        const { line } = decodeDescription(frame.description);
        const at = { lines: line - expected, bytes: skipped, next: frame.sequence, time: frame.time, epoch };
        if (skipped > 0) yield [missingLine({ why: "damaged", ...at })];
        else if (line > expected) yield [missingLine({ why: "dropped", ...at })];
        expected = line + frame.lineCount;
        yield filter.lines(frame, 0, 0, epoch);
      }
    } finally {
      await reader.close();
    }
  }
}

async function entriesOf(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
