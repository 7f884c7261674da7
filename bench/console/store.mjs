import { spawn } from "node:child_process";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { createGzip } from "node:zlib";
import { build } from "esbuild";
import { makeLines, RARE } from "./lines.mjs";

/*
 * The store of lines, in this process: how fast it takes them, what they weigh beside gzip, and how long a search through all
 * of them takes beside grep on the same text.
 */

const root = fileURLToPath(new URL("../../", import.meta.url));
const consoleRoot = join(root, "packages/console");
const BATCH = 500;
/** Appends that are under way at once. */
const WRITERS = 4;
const ROUNDS = 5;

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const round = (value, digits = 2) => Number(value.toFixed(digits));

/** Bundled from its sources, beside the libraries, because a native one is not bundled. */
async function bundle(directory) {
  await mkdir(directory, { recursive: true });
  await build({
    entryPoints: {
      store: join(consoleRoot, "src/store/index.ts"),
      "scan-worker": join(consoleRoot, "src/store/scan-worker.ts"),
    },
    ...{ bundle: true, splitting: true, platform: "node", format: "esm", target: "node20" },
    ...{ outdir: directory, logLevel: "error" },
    alias: { "@deploy/core": join(root, "packages/core/src/index.ts") },
    external: ["@libsql/client", "re2js"],
  });
  return import(join(directory, "store.js"));
}

/** Measures; with `quick` a fifth of the lines. */
export async function runStore({ quick = false } = {}) {
  const count = quick ? 200_000 : 1_000_000;
  const directory = await mkdtemp(join(tmpdir(), "deploy-bench-store-"));
  const built = join(consoleRoot, "node_modules", `.bench-${process.pid}`);
  try {
    const { createLogStore } = await bundle(built);
    const lines = makeLines(count);
    const text = join(directory, "lines.txt");
    await writeText(text, lines);
    const options = { directory: join(directory, "store"), limits: { days: 14, bytes: 4e9 } };
    const store = await createLogStore(options);
    const stream = await store.stream({ app: "bench", environment: "bench" });
    const taken = await append(stream, lines);
    const lost = await countLost(stream, lines);
    const weight = await weigh(directory, text, options.directory, count);
    const searches = await searchAll(stream, text, lines, count, quick ? 3 : ROUNDS);
    await store.close();
    const opening = await reopen(createLogStore, options);
    return summary({ count, taken, lost, weight, searches, opening });
  } finally {
    await rm(directory, { recursive: true, force: true });
    await rm(built, { recursive: true, force: true });
  }
}

async function writeText(path, lines) {
  await pipeline(function* () {
    for (let from = 0; from < lines.length; from += 10_000) {
      yield `${lines
        .slice(from, from + 10_000)
        .map((line) => line.text)
        .join("\n")}\n`;
    }
  }, createWriteStream(path));
}

async function append(stream, lines) {
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  let next = 0;
  const start = performance.now();
  await Promise.all(
    Array.from({ length: WRITERS }, async () => {
      while (next < lines.length) {
        const from = next;
        next += BATCH;
        await stream.append(lines.slice(from, from + BATCH), { source: "bench", cursor: String(from) });
      }
    }),
  );
  const seconds = (performance.now() - start) / 1000;
  delay.disable();
  return {
    linesPerSecond: Math.round(lines.length / seconds),
    longestTurnMs: round(delay.max / 1e6, 0),
    p99TurnMs: round(delay.percentile(99) / 1e6, 0),
  };
}

async function countLost(stream, lines) {
  let at = 0;
  let wrong = 0;
  const start = performance.now();
  for await (const page of stream.all({})) {
    for (const line of page) {
      if (line.text !== lines[at]?.text || line.seq !== at + 1) wrong++;
      at++;
    }
  }
  return { lost: lines.length - at + wrong, readMs: round(performance.now() - start, 0) };
}

async function weigh(directory, text, store, count) {
  const gzipped = join(directory, "lines.gz");
  await pipeline(createReadStream(text), createGzip({ level: 6 }), createWriteStream(gzipped));
  const [raw, gzip] = await Promise.all([stat(text), stat(gzipped)]);
  let bytes = 0;
  for (const entry of await readdir(store, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size;
  }
  const million = (value) => round(((value / count) * 1e6) / 1e6, 1);
  return {
    textMb: million(raw.size),
    gzipMb: million(gzip.size),
    storeMb: million(bytes),
    ratio: bytes / gzip.size,
  };
}

const idOf = (lines, index) =>
  /[0-9a-f]{16}/.exec(lines.slice(index).find(({ text }) => / id=[0-9a-f]{16}/.test(text)).text)?.[0];

async function searchAll(stream, text, lines, count, rounds) {
  const id = idOf(lines, Math.floor(count / 500));
  const variants = [
    { name: "rare word", filter: { text: RARE, caseSensitive: true }, grep: ["-F", RARE] },
    { name: "rare word, any case", filter: { text: RARE.toLowerCase() }, grep: ["-iF", RARE.toLowerCase()] },
    { name: "an id", filter: { text: id, caseSensitive: true }, grep: ["-F", id] },
    { name: "an id, any case", filter: { text: id }, grep: ["-iF", id] },
    {
      name: "8 digits of an id",
      filter: { text: id.slice(3, 11), caseSensitive: true },
      grep: ["-F", id.slice(3, 11)],
    },
    {
      name: "8 digits of an id, any case",
      filter: { text: id.slice(3, 11) },
      grep: ["-iF", id.slice(3, 11)],
    },
    {
      name: "regex, rare",
      filter: { text: "zebra-[a-z]+ closed", regex: true },
      grep: ["-iE", "zebra-[a-z]+ closed"],
    },
    {
      name: "regex in 0.2 % of lines",
      filter: { text: "duration=89[0-9]ms", regex: true, caseSensitive: true },
      grep: ["-E", "duration=89[0-9]ms"],
    },
    {
      name: "regex without a word",
      filter: { text: "[0-9]{7}ms", regex: true, caseSensitive: true },
      grep: ["-E", "[0-9]{7}ms"],
    },
    { name: "in half of the lines", filter: { text: "GET ", caseSensitive: true }, grep: ["-F", "GET "] },
  ];
  const results = [];
  // The threads are started, and the file has been read once.
  await search(stream, variants[0].filter);
  for (const { name, filter, grep } of variants) {
    const ours = [];
    const theirs = [];
    for (let turn = 0; turn < rounds; turn++) {
      ours.push(await search(stream, filter));
      theirs.push(await runGrep([...grep, text]));
    }
    results.push({
      name,
      hits: ours[0].hits,
      grepHits: theirs[0].hits,
      firstHitMs: round(median(ours.map(({ firstMs }) => firstMs ?? Number.NaN)), 0),
      fullScanMs: round(median(ours.map(({ fullMs }) => fullMs)), 0),
      grepMs: round(median(theirs.map(({ ms }) => ms)), 0),
      ratio: round(median(ours.map(({ fullMs }, turn) => fullMs / theirs[turn].ms))),
    });
  }
  return results;
}

async function search(stream, filter) {
  const start = performance.now();
  let firstMs;
  let hits = 0;
  for await (const step of stream.search(filter, { limit: 1e9 })) {
    if (step.type !== "hits") continue;
    firstMs ??= performance.now() - start;
    hits += step.lines.length;
  }
  return { firstMs, fullMs: performance.now() - start, hits };
}

/** Prints what it finds, as the search does, into a pipe that is read. */
async function runGrep(words) {
  const start = performance.now();
  const child = spawn("grep", words, { stdio: ["ignore", "pipe", "inherit"] });
  let hits = 0;
  child.stdout.on("data", (bytes) => {
    for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) hits++;
  });
  await new Promise((resolve) => child.once("close", resolve));
  return { ms: performance.now() - start, hits };
}

async function reopen(createLogStore, options) {
  const start = performance.now();
  const store = await createLogStore(options);
  const stream = await store.stream({ app: "bench", environment: "bench" });
  const openMs = performance.now() - start;
  await stream.read({ limit: 500 });
  const firstPageMs = performance.now() - start - openMs;
  await store.close();
  return { openMs: round(openMs, 0), firstPageMs: round(firstPageMs, 0) };
}

function summary({ count, taken, lost, weight, searches, opening }) {
  const claim = (name, ratio, limit) => ({ name, ratio: round(ratio), limit, ok: ratio <= limit });
  const named = (name) => searches.find((one) => one.name === name);
  // Of these the time is not that of the scan, but of handing on half a million lines.
  const scans = searches.filter(({ name }) => name !== "in half of the lines");
  return {
    rows: [
      { name: "append", lines: count, ...taken, lost: lost.lost },
      { name: "read all", readMs: lost.readMs },
      { name: "size of a million lines", ...weight, ratio: round(weight.ratio) },
      { name: "open, and the newest 500 lines", ...opening },
      ...searches.map(({ name, ...figures }) => ({ name: `search: ${name}`, ...figures })),
    ],
    claims: [
      claim("store: lines lost, doubled or changed", lost.lost, 0),
      claim("store: 50,000 lines/s over lines/s taken", 50_000 / taken.linesPerSecond, 1),
      claim("store: size over gzip -6", weight.ratio, 1.3),
      claim(
        "store: first hit of a rare word, the oldest line, ms",
        named("rare word, any case").firstHitMs,
        300,
      ),
      claim("store: first hit of an id among the oldest, ms", named("an id, any case").firstHitMs, 300),
      ...scans.map(({ name, ratio }) => claim(`store: search over grep: ${name}`, ratio, 3)),
      claim(
        "store: hits that grep has and the search has not",
        scans.reduce((sum, { hits, grepHits }) => sum + Math.abs(hits - grepHits), 0),
        0,
      ),
    ],
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { rows, claims } = await runStore({ quick: process.argv.includes("--quick") });
  console.table(rows);
  console.table(claims);
}
