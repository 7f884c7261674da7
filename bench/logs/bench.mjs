// The log store under a flood: nothing lost, memory flat, a quiet HTTP neighbour undisturbed, and follow beside `tail -F`.
import { fork, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, get } from "node:http";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { claim, median, round, runAlone } from "../lib/figures.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const repository = join(here, "../..");
const source = join(repository, "packages/provider-local/src/supervisor/log-store");
const scope = { app: "flood", environment: "local" };
const rate = 50_000;
const lineLength = 100;

const percentile = (values, share) =>
  [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) * share)];
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const nextMessage = (child) => new Promise((resolve) => child.once("message", resolve));
const ended = (child) => new Promise((resolve) => child.once("exit", resolve));

async function bundle(folder) {
  for (const name of ["index", "read", "worker"]) {
    await build({
      entryPoints: [join(source, `${name}.ts`)],
      outfile: join(folder, `${name}.mjs`),
      ...{ bundle: true, platform: "node", format: "esm", target: "node20", logLevel: "error" },
      alias: { "@deploy/core": join(repository, "packages/core/src/index.ts") },
    });
  }
  return {
    storeFile: join(folder, "index.mjs"),
    readFile: join(folder, "read.mjs"),
    workerFile: join(folder, "worker.mjs"),
  };
}

/** A daemon on a fresh directory, and its one source. */
async function startDaemon(built, root, limits = {}) {
  const folder = mkdtempSync(join(root, "run-"));
  const directory = join(folder, "logs");
  mkdirSync(directory);
  const logSource = {
    ...{ ...scope, id: "run-1", process: "web", instance: "web.1", release: 1 },
    ...{ stdout: join(folder, "web.1.stdout"), stderr: join(folder, "web.1.stderr") },
  };
  for (const path of [logSource.stdout, logSource.stderr]) writeFileSync(path, "");
  const child = fork(join(here, "daemon.mjs"), [
    ...[built.storeFile, built.workerFile, directory],
    ...[JSON.stringify(logSource), JSON.stringify(limits)],
  ]);
  const { port } = await nextMessage(child);
  return { child, port, directory, logSource };
}

async function usage(daemon) {
  const answer = nextMessage(daemon.child);
  daemon.child.send("usage");
  return answer;
}

async function stopDaemon(daemon) {
  const answer = nextMessage(daemon.child);
  daemon.child.send("detach");
  await answer;
}

function writeLines(path, count, perSecond) {
  return ended(
    spawn(process.execPath, [join(here, "writer.mjs"), path, String(count), String(perSecond)], {
      stdio: "inherit",
    }),
  );
}

/** Latencies of about 300 requests a second for some time, in milliseconds. */
async function measureLatency(port, milliseconds) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const latencies = [];
  for (const end = performance.now() + milliseconds; performance.now() < end; ) {
    const start = performance.now();
    await new Promise((resolve, reject) => {
      get({ host: "127.0.0.1", port, agent }, (response) => response.resume().on("end", resolve)).on(
        "error",
        reject,
      );
    });
    latencies.push(performance.now() - start);
    await pause(2);
  }
  agent.destroy();
  return latencies;
}

/** One daemon, 50,000 lines a second; counts what arrived and watches memory and CPU. */
async function sustain(built, root, seconds) {
  const daemon = await startDaemon(built, root);
  await pause(300);
  const count = rate * seconds;
  const before = await usage(daemon);
  const samples = [];
  let writing = true;
  const start = performance.now();
  const written = writeLines(daemon.logSource.stdout, count, rate).then(() => {
    writing = false;
  });
  while (writing) {
    await pause(500);
    samples.push((await usage(daemon)).rss / 1e6);
  }
  await written;
  const elapsed = (performance.now() - start) / 1000;
  const after = await usage(daemon);
  await stopDaemon(daemon);
  const { readLogBatches } = await import(built.readFile);
  let next = 0;
  let wrong = 0;
  const readStart = performance.now();
  for await (const lines of readLogBatches({ directory: daemon.directory, ...scope })) {
    for (const line of lines) if (Number(line.text.slice(0, 9)) !== next++) wrong++;
  }
  const readSeconds = (performance.now() - readStart) / 1000;
  const settled = samples.slice(Math.floor(samples.length / 4));
  const half = Math.floor(settled.length / 2);
  return {
    ...{ lines: count, linesPerSecond: Math.round(count / elapsed), lost: count - next, wrong },
    daemonCpuShare: round((after.cpu - before.cpu) / elapsed, 3),
    rssStart: round(before.rss / 1e6, 1),
    rssFirstHalf: round(median(settled.slice(0, half)), 1),
    rssSecondHalf: round(median(settled.slice(half)), 1),
    historyLinesPerSecond: Math.round(count / readSeconds),
  };
}

/** The same daemon's HTTP latency: quiet, beside a flood that it ingests, and beside one written to a file it ignores. */
async function neighbour(built, root, rounds, milliseconds) {
  const daemon = await startDaemon(built, root);
  const ignored = join(dirname(daemon.logSource.stdout), "ignored");
  await measureLatency(daemon.port, 1000);
  const figures = { quiet: [], ignored: [], ingested: [] };
  const flood = async (path) => {
    const writing = writeLines(path, Math.round((rate * (milliseconds + 700)) / 1000), rate);
    await pause(400);
    const latencies = await measureLatency(daemon.port, milliseconds);
    await writing;
    await pause(200);
    return latencies;
  };
  for (let turn = 0; turn < rounds; turn++) {
    figures.quiet.push(await measureLatency(daemon.port, milliseconds));
    figures.ingested.push(await flood(daemon.logSource.stdout));
    figures.ignored.push(await flood(ignored));
    rmSync(ignored);
  }
  await stopDaemon(daemon);
  return Object.fromEntries(
    Object.entries(figures).map(([name, runs]) => [
      name,
      {
        p50: round(median(runs.map((run) => percentile(run, 0.5))), 3),
        p99: round(median(runs.map((run) => percentile(run, 0.99))), 3),
      },
    ]),
  );
}

function cpuOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function eventualSegment(directory) {
  const folder = join(directory, scope.app, scope.environment, "segments");
  for (;;) {
    try {
      const [file] = readdirSync(folder);
      if (file !== undefined) return join(folder, file);
    } catch {}
    await pause(10);
  }
}

/** Lines that a follower prints while they are written as fast as possible; wall and CPU seconds. */
async function follow(built, root, how, count) {
  const daemon = await startDaemon(built, root, { segmentSize: 4e9, totalSize: 8e9 });
  const segment = await eventualSegment(daemon.directory);
  const output = { stdio: ["ignore", "pipe", "inherit"] };
  const child =
    how === "tail"
      ? spawn("tail", ["-c", "+1", "-F", segment], output)
      : fork(
          join(here, "follower.mjs"),
          [built.readFile, daemon.directory, JSON.stringify(scope), String(count)],
          {
            stdio: ["ignore", "pipe", "inherit", "ipc"],
          },
        );
  const cpuMessage = how === "tail" ? undefined : nextMessage(child);
  await pause(400);
  const start = performance.now();
  const all = new Promise((resolve) => {
    let lines = 0;
    child.stdout.on("data", (bytes) => {
      for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) lines++;
      if (lines >= count) resolve();
    });
  });
  await Promise.all([all, writeLines(daemon.logSource.stdout, count, 0)]);
  const wall = (performance.now() - start) / 1000;
  const cpu = how === "tail" ? cpuOf(child.pid) : (await cpuMessage).cpu;
  child.kill();
  await stopDaemon(daemon);
  return { wall, cpu };
}

/** Runs everything. `quick` takes about twenty seconds, else about a minute and a half. */
export async function run({ quick = false } = {}) {
  const root = mkdtempSync(join(tmpdir(), "bench-logs-"));
  try {
    const built = await bundle(root);
    const sustained = await sustain(built, root, quick ? 4 : 10);
    const latency = await neighbour(built, root, quick ? 3 : 5, quick ? 1500 : 3000);
    const followed = { tail: [], readLogs: [] };
    const count = quick ? 200_000 : 500_000;
    for (let turn = 0; turn < (quick ? 2 : 3); turn++) {
      for (const how of turn % 2 === 0 ? ["tail", "readLogs"] : ["readLogs", "tail"]) {
        if (how === "tail" && process.platform !== "linux") continue;
        followed[how].push(await follow(built, root, how, count));
      }
    }
    const rows = [
      { bench: "sustained 50,000 lines/s", ...sustained, megabytesPerSecond: (rate * lineLength) / 1e6 },
      ...Object.entries(latency).map(([name, figures]) => ({ bench: `http neighbour, ${name}`, ...figures })),
      ...Object.entries(followed).map(([name, runs]) => ({
        bench: `follow, ${name}`,
        wall: round(median(runs.map(({ wall }) => wall)), 2),
        cpu: round(median(runs.map(({ cpu }) => cpu)), 2),
        linesPerSecond: Math.round(count / median(runs.map(({ wall }) => wall))),
      })),
    ];
    const claims = [
      claim("lines lost or doubled at 50,000 lines/s", sustained.lost + sustained.wrong, 0),
      claim(
        "daemon memory, second half of the flood / first half",
        sustained.rssSecondHalf / sustained.rssFirstHalf,
        1.15,
      ),
      claim("http p99 during the flood / quiet", latency.ingested.p99 / latency.quiet.p99, 1.5),
    ];
    if (followed.tail.length > 0) {
      const [tail, ours] = [followed.tail, followed.readLogs].map((runs) =>
        median(runs.map(({ wall }) => wall)),
      );
      claims.push(claim("time to follow a flood to its end / tail -F", ours / tail, 1.5));
    }
    return { machine: { cpus: availableParallelism(), node: process.version }, rows, claims };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

await runAlone(import.meta.url, run);
