import { execFile } from "node:child_process";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { claim, median, round, runAlone } from "../lib/figures.mjs";
import { CONCURRENCY, LATENCY, upAndDown } from "./vendor.mjs";

/*
 * What the engine costs: CPU and memory of a plan that finds nothing to do, beside a plain scheduler making the same
 * reads in the same process; and how close apply and removal come to the best time there is, at 50 ms a call. Needs a
 * built core.
 */

/** A guard, not a race: a plan of 10,000 must not be felt. */
const CPU_LIMIT_SECONDS = 0.5;
const MEMORY_LIMIT_MB = 100;
const MAKESPAN_LIMIT = 1.1;

/** Measures; with `quick`, smaller graphs and fewer rounds. */
export async function run({ quick = false } = {}) {
  const plan = await planCost(10_000, quick ? 2 : 5);
  const rows = [plan.row];
  const claims = [...plan.claims];
  // Smaller ones measure rounding: the last calls of a graph rarely fill all places.
  const size = quick ? 500 : 1_000;
  const leaves = 1_600;
  const shapes = {
    "chain of 20": chain(20),
    [`fan of ${leaves}`]: fan(leaves),
    [`random graph of ${size}`]: randomGraph(size),
  };
  for (const [name, dependencies] of Object.entries(shapes)) {
    const runs = [];
    for (let attempt = 0; attempt < (quick ? 1 : 2); attempt += 1) {
      const floor = await bestTime(dependencies);
      runs.push({ floor, ...(await upAndDown(dependencies)) });
    }
    for (const direction of ["up", "down"]) {
      // The better of two: a pause of the whole machine says nothing about the engine.
      const best = runs.reduce((a, b) => (a[direction] / a.floor <= b[direction] / b.floor ? a : b));
      const ratio = best[direction] / best.floor;
      rows.push({
        name: `${name}, ${direction}`,
        ms: Math.round(best[direction]),
        floorMs: Math.round(best.floor),
        ratio: round(ratio, 3),
      });
      claims.push(claim(`makespan, ${name}, ${direction}`, ratio, MAKESPAN_LIMIT, 3));
    }
  }
  return { rows, claims };
}

async function planCost(count, rounds) {
  // A process of its own: the peak of memory is then that of planning and of nothing else.
  const script = fileURLToPath(new URL("./plan.mjs", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [script, String(count), "1"]);
  const once = JSON.parse(stdout);
  const repeated = JSON.parse(
    (await promisify(execFile)(process.execPath, [script, String(count), String(rounds)])).stdout,
  );
  const cpu = median([...once.engine, ...repeated.engine]);
  const plain = median([...once.reference, ...repeated.reference]);
  const name = `plan of ${count} unchanged`;
  return {
    row: {
      name,
      cpuSeconds: round(cpu, 3),
      plainCpuSeconds: round(plain, 3),
      ratio: round(cpu / plain, 3),
      maxRssMb: Math.round(once.maxRssMb),
    },
    claims: [
      claim(`${name}: CPU seconds`, cpu, CPU_LIMIT_SECONDS),
      claim(`${name}: peak MB`, once.maxRssMb, MEMORY_LIMIT_MB, 0),
    ],
  };
}

/** The lower bound: nobody can be faster than the longest way, nor than all the work on all places. */
async function bestTime(dependencies) {
  const lengths = [];
  for (const list of dependencies) lengths.push(1 + Math.max(0, ...list.map((index) => lengths[index])));
  const longest = lengths.reduce((a, b) => Math.max(a, b));
  const calls = Math.max(longest, dependencies.length / CONCURRENCY);
  return calls * (await realLatency());
}

/** What a round of 16 timers of 50 ms takes on this machine now, on average: whatever else it does counts on both sides. */
async function realLatency() {
  const rounds = 20;
  const started = performance.now();
  for (let round = 0; round < rounds; round += 1) {
    const timers = Array.from(
      { length: CONCURRENCY },
      () => new Promise((resolve) => setTimeout(resolve, LATENCY)),
    );
    await Promise.all(timers);
  }
  return Math.max(LATENCY, (performance.now() - started) / rounds);
}

function chain(length) {
  return Array.from({ length }, (_, index) => (index === 0 ? [] : [index - 1]));
}

/** One at the root, all others on it, one on all of them. */
function fan(size) {
  const leaves = Array.from({ length: size - 2 }, () => [0]);
  return [[], ...leaves, leaves.map((_, index) => index + 1)];
}

/** Up to three earlier ones each, the same at every run. */
function randomGraph(size) {
  let seed = 42;
  const random = () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed / 2_147_483_648;
  };
  return Array.from({ length: size }, (_, index) => {
    if (index === 0) return [];
    const count = Math.floor(random() * 4);
    return [...new Set(Array.from({ length: count }, () => Math.floor(random() * index)))];
  });
}

await runAlone(import.meta.url, run);
