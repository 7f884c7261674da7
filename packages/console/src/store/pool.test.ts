import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createScanPool } from "./pool.js";
import { manyLines } from "./testing/lines.js";
import { freshDirectory, openStore, readAll, searchAll } from "./testing/open.js";

/*
 * The threads, from a worker that is built for it: running from sources there is none.
 */

const packageRoot = fileURLToPath(new URL("../../", import.meta.url));
const built = join(packageRoot, "node_modules", `.pool-${process.pid}`);
const workerFile = pathToFileURL(join(built, "scan-worker.mjs"));

beforeAll(async () => {
  await mkdir(built, { recursive: true });
  await build({
    entryPoints: { "scan-worker": join(packageRoot, "src/store/scan-worker.ts") },
    ...{ bundle: true, platform: "node", format: "esm", target: "node20", logLevel: "error" },
    ...{ outdir: built, outExtension: { ".js": ".mjs" } },
    alias: { "@deploy/core": join(packageRoot, "../core/src/index.ts") },
    external: ["re2js"],
  });
});
afterAll(() => rm(built, { recursive: true, force: true }));

describe("threads", () => {
  test("find what is found without them, in the same order", async () => {
    const directory = await freshDirectory();
    const lines = manyLines(30_000);
    const answers: unknown[] = [];
    for (const pool of [createScanPool(workerFile), createScanPool()]) {
      const { store, stream } = await openStore(directory, {}, { pool });
      if (stream.bounds().lines === 0) {
        for (let from = 0; from < lines.length; from += 1000)
          await stream.append(lines.slice(from, from + 1000));
      }
      const hits = (await searchAll(stream, { text: "LINE 2.*7$", regex: true }, { limit: 5000 })).flatMap(
        (step) => (step.type === "hits" ? step.lines : []),
      );
      const seqs = hits.map(({ seq }) => seq);
      expect(seqs).toEqual([...seqs].sort((a, b) => b - a));
      answers.push([
        hits,
        await stream.read({ limit: 50, around: 15_000, filter: { text: "9" } }),
        await stream.read({ limit: 5, at: 1_000_000 + 12_345_000 }),
        await stream.histogram({ since: 1_000_000, until: 31_000_000, buckets: 7 }),
        (await readAll(stream)).length,
      ]);
      await store.close();
    }
    expect(answers[0]).toEqual(answers[1]);
  });

  test("one that ends fails its own job only", async () => {
    const pool = createScanPool(workerFile);
    const path = join(await freshDirectory(), "file");
    await writeFile(path, "");
    // What cannot be cloned back, or is no job, ends in a refusal and not in silence.
    await expect(
      pool.run({
        file: "\0",
        blocks: [{ offset: 0, headerLength: 1, bodyLength: 1 }],
        task: { type: "verify" },
      }),
    ).rejects.toMatchObject({ code: "console.store-unreadable" });
    const result = await pool.run({
      file: path,
      blocks: [{ offset: 0, headerLength: 1, bodyLength: 1 }],
      task: { type: "verify" },
    });
    expect(result.damaged).toEqual([0]);
    await pool.close();
    await expect(pool.run({ file: path, blocks: [], task: { type: "verify" } })).rejects.toMatchObject({
      code: "console.store-unreadable",
    });
  });

  test("a file that retention has removed has no lines", async () => {
    const pool = createScanPool(workerFile);
    const file = join(await freshDirectory(), "gone");
    const job = {
      file,
      blocks: [{ offset: 0, headerLength: 1, bodyLength: 1 }],
      task: { type: "verify" },
    } as const;
    expect(await pool.run(job)).toMatchObject({ lines: [], damaged: [] });
    await pool.close();
  });
});
