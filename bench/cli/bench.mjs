import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { timedNode } from "../../scripts/lib/timed.mjs";
import { claim, median, round, runAlone, sizeOf } from "../lib/figures.mjs";

/*
 * What the command costs before it does anything: CPU of `deploy --version` and `--help` beside bare Node, of loading
 * the core beside bare Node, and the size on disk. Needs built packages. Rounds are interleaved, so that whatever else
 * the machine does falls on all alike; the figure is the median.
 */

const packages = fileURLToPath(new URL("../../packages/", import.meta.url));
const program = join(packages, "cli/dist/deploy.cjs");
const core = join(packages, "core/dist/index.js");

const CPU_LIMIT = 1.5;
const CORE_LIMIT_MS = 15;
const SIZE_LIMIT_BYTES = 1_000_000;

/** Measures, 15 rounds or, with `quick`, 5. Needs bash, for its `time`. */
export async function run({ quick = false } = {}) {
  const directory = await mkdtemp(join(tmpdir(), "deploy-bench-"));
  try {
    const importCore = join(directory, "core.mjs");
    await writeFile(importCore, `import ${JSON.stringify(pathToFileURL(core).href)};\n`);
    const empty = join(directory, "empty.mjs");
    await writeFile(empty, "");
    const commands = {
      "node -e 0": ["-e", "0"],
      "deploy --version": [program, "--version"],
      "deploy --help": [program, "--help"],
      "empty module": [empty],
      "import @deploy/core": [importCore],
    };
    const figures = await measure(commands, quick ? 5 : 15);
    const sizes = { "@deploy/cli": await packedSize("cli"), "@deploy/core": await packedSize("core") };
    return report(figures, sizes);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function measure(commands, rounds) {
  const samples = Object.fromEntries(Object.keys(commands).map((name) => [name, { cpu: [], wall: [] }]));
  for (let round = -1; round < rounds; round++) {
    for (const [name, args] of Object.entries(commands)) {
      const sample = await timedNode(args);
      // The first round warms the disk cache.
      if (round < 0) continue;
      samples[name].cpu.push(sample.cpu);
      samples[name].wall.push(sample.wall);
    }
  }
  return Object.fromEntries(
    Object.entries(samples).map(([name, { cpu, wall }]) => [name, { cpu: median(cpu), wall: median(wall) }]),
  );
}

/** Bytes of what is published. */
async function packedSize(name) {
  const sizes = await Promise.all(["dist", "package.json"].map((part) => sizeOf(join(packages, name, part))));
  return sizes.reduce((sum, bytes) => sum + bytes, 0);
}

function report(figures, sizes) {
  const bare = figures["node -e 0"].cpu;
  const rows = Object.entries(figures).map(([name, { cpu, wall }]) => ({
    name,
    cpuMs: round(cpu),
    wallMs: round(wall),
    ratio: round(cpu / bare, 2),
  }));
  const coreMs = figures["import @deploy/core"].cpu - figures["empty module"].cpu;
  const claims = [
    claim("CPU of deploy --version over node -e 0", figures["deploy --version"].cpu / bare, CPU_LIMIT),
    claim("CPU of deploy --help over node -e 0", figures["deploy --help"].cpu / bare, CPU_LIMIT),
    claim("CPU of importing @deploy/core, ms over an empty module", coreMs, CORE_LIMIT_MS),
    ...Object.entries(sizes).map(([name, bytes]) =>
      claim(`size of ${name}, MB`, bytes / 1e6, SIZE_LIMIT_BYTES / 1e6),
    ),
  ];
  return { rows, claims };
}

await runAlone(import.meta.url, run);
