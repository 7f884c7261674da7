import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { LogEntry } from "../../src/shared/log-types.js";
import { createLogStore } from "../../src/store/index.js";
import type { StoredStream } from "../../src/store/types.js";

/*
 * A process that stores lines is killed with -9 at random moments, again and again in one directory. Every line that was
 * acknowledged is there exactly once, in order, with the number that was told, until retention removes it from the front.
 *
 * A dozen kills; `npm run crash` asks for 200 with DEPLOY_CRASH_KILLS.
 */

const kills = Number(process.env.DEPLOY_CRASH_KILLS ?? 12);
const seed = Number(process.env.DEPLOY_CRASH_SEED ?? 1);
const here = fileURLToPath(new URL(".", import.meta.url));
const packageRoot = fileURLToPath(new URL("../../", import.meta.url));
/** Beside the libraries, because the native one is not bundled. */
const built = join(packageRoot, "node_modules", `.crash-${process.pid}`);
let directory = "";

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "store-crash-"));
  await mkdir(built, { recursive: true });
  await build({
    entryPoints: {
      writer: join(here, "store-writer.ts"),
      "scan-worker": join(packageRoot, "src/store/scan-worker.ts"),
    },
    ...{ bundle: true, splitting: true, platform: "node", format: "esm", target: "node20" },
    ...{ outdir: built, outExtension: { ".js": ".mjs" }, logLevel: "error" },
    alias: { "@deploy/core": join(packageRoot, "../core/src/index.ts") },
    external: ["@libsql/client", "re2js"],
  });
});

afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
  await rm(built, { recursive: true, force: true });
});

interface Acknowledged {
  readonly seq: number;
  readonly line: number;
  readonly count: number;
}

/** Runs the writer and kills it so long after it is ready; what it had acknowledged. */
async function killedAfter(milliseconds: number, round: number): Promise<readonly Acknowledged[]> {
  const child = spawn(process.execPath, [join(built, "writer.mjs"), directory, String(seed * 1000 + round)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    if (output === "") setTimeout(() => child.kill("SIGKILL"), milliseconds);
    output += text;
  });
  const signal = await new Promise((resolve) => child.once("close", (_, how) => resolve(how)));
  expect(signal).toBe("SIGKILL");
  return output
    .split("\n")
    .slice(0, -1)
    .filter((line) => line.startsWith("ack "))
    .map((line) => {
      const [seq = 0, first = 0, count = 0] = line.slice(4).split(" ").map(Number);
      return { seq, line: first, count };
    });
}

/** All lines; read once more where retention has removed some meanwhile, which leaves a gap in what was read. */
async function everything(stream: StoredStream): Promise<readonly LogEntry[]> {
  for (;;) {
    const { oldestSeq } = stream.bounds();
    const entries: LogEntry[] = [];
    for await (const page of stream.all({})) entries.push(...page);
    if (stream.bounds().oldestSeq === oldestSeq) return entries;
  }
}

test(`killed ${kills} times, nothing acknowledged is lost, doubled or moved`, async () => {
  let random = seed;
  const known = new Map<number, number>();
  let lastAcknowledged = -1;
  let total = 0;
  let pruned = 0;
  for (let round = 0; round < kills; round++) {
    random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
    for (const { seq, line, count } of await killedAfter((random / 2 ** 32) * 400, round)) {
      for (let index = 0; index < count; index++) known.set(line + index, seq + index);
      lastAcknowledged = Math.max(lastAcknowledged, line + count - 1);
      total += count;
    }
    const store = await createLogStore({ directory, limits: { days: 14, bytes: 400_000 } });
    expect(store.state()).toEqual({ state: "writable" });
    const stream = await store.stream({ app: "crash", environment: "test" });
    const entries = await everything(stream);
    const numbers = entries.map(({ text }) => Number(text.slice(0, text.indexOf(" "))));
    for (const [index, entry] of entries.entries()) {
      if (index > 0 && (numbers[index] !== numbers[index - 1]! + 1 || entry.seq <= entries[index - 1]!.seq)) {
        expect.fail(
          `round ${round}: line ${numbers[index]} (${entry.seq}) behind ${numbers[index - 1]} (${entries[index - 1]!.seq})`,
        );
      }
      const told = known.get(numbers[index]!);
      if (told !== undefined && told !== entry.seq)
        expect.fail(`round ${round}: ${told} has become ${entry.seq}`);
    }
    const last = numbers.at(-1) ?? -1;
    expect(last).toBeGreaterThanOrEqual(lastAcknowledged);
    expect(Number(stream.checkpoint("numbers") ?? -1)).toBe(last);
    if ((numbers[0] ?? 0) > 0) pruned++;
    for (const line of known.keys()) if (line < (numbers[0] ?? 0)) known.delete(line);
    await store.close();
  }
  expect(total).toBeGreaterThan(0);
  console.log(`${kills} kills, ${total} lines acknowledged, in ${pruned} rounds some were pruned already`);
}, 3_600_000);
