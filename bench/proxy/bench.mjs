import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { median, runAlone } from "../lib/figures.mjs";
import { load } from "./load.mjs";
import { cpuSeconds, startAll } from "./proxies.mjs";

function rounded(value) {
  return Number.isFinite(value) ? Number(value.toPrecision(4)) : null;
}

/** What we promise: requests per second of ours over the other's. */
const limits = { caddy: 1.5, "http-proxy": 1.2 };
/** The same per second of CPU time, lower because a busy machine makes every system call dearer for everybody. */
const cpuLimits = { caddy: 1.3, "http-proxy": 1.15 };

/**
 * The claims against one other proxy. Requests per second only compare proxies when both had their CPU to themselves,
 * so rounds in which another program took more than a tenth of it do not count; with fewer than two left, that claim
 * is not made at all. CPU time per request can always be compared.
 */
function claimsAgainst(name, ours, others) {
  const claim = (what, ratio, limit) => ({
    name: `proxy: ${what}, ours over ${name}, 50 connections`,
    ratio: rounded(ratio),
    limit,
    ok: ratio >= limit,
  });
  const quiet = others.flatMap((other, round) =>
    other.cpuShare >= 0.9 && ours[round].cpuShare >= 0.9
      ? [ours[round].requestsPerSecond / other.requestsPerSecond]
      : [],
  );
  const cpu = median(others.map((other, round) => other.cpuMicroseconds / ours[round].cpuMicroseconds));
  const claims = [claim("requests per second of CPU time", cpu, cpuLimits[name])];
  if (quiet.length >= 2) claims.push(claim("requests per second", median(quiet), limits[name]));
  return claims;
}

async function measure(servers, connections, rounds, seconds) {
  const samples = new Map(servers.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    // Interleaved, and the other way round every second time: a slow moment of the machine hits everybody.
    for (const { name, port, pid } of round % 2 === 0 ? servers : [...servers].reverse()) {
      const before = cpuSeconds(pid);
      const sample = await load(port, connections, seconds);
      const cpu = cpuSeconds(pid) - before;
      samples
        .get(name)
        .push({ ...sample, cpuMicroseconds: (cpu / sample.requests) * 1e6, cpuShare: cpu / seconds });
    }
  }
  return samples;
}

/**
 * Measures our proxy beside a direct connection, Caddy and http-proxy, at 1 and at 50 connections.
 *
 * Proxies run on CPU 0, load and upstream on CPU 1. A ratio is the median of the ratios round by round.
 * `cpuMicroseconds` is what one request costs the proxy's process, which other programs on the machine disturb least;
 * `oursCpuRatio` is how much more of it the other one needs.
 */
export async function run({ quick = false } = {}) {
  const rounds = quick ? 3 : 7;
  const seconds = quick ? 2 : 4;
  const folder = mkdtempSync(join(tmpdir(), "bench-proxy-"));
  const rows = [];
  const claims = [];
  let started = [];
  let missing = [];
  try {
    ({ started, missing } = await startAll(folder, 20_000 + Math.floor(Math.random() * 10_000)));
    for (const { port } of started) await load(port, 50, 1);
    for (const connections of [1, 50]) {
      const samples = await measure(started, connections, rounds, seconds);
      const ours = samples.get("ours");
      for (const [name, list] of samples) {
        const ratios = list.map((sample, round) => ours[round].requestsPerSecond / sample.requestsPerSecond);
        const row = {
          name,
          connections,
          requestsPerSecond: rounded(median(list.map((sample) => sample.requestsPerSecond))),
          p50Milliseconds: rounded(median(list.map((sample) => sample.p50))),
          p99Milliseconds: rounded(median(list.map((sample) => sample.p99))),
          cpuMicroseconds:
            name === "direct" ? null : rounded(median(list.map((sample) => sample.cpuMicroseconds))),
          oursCpuRatio:
            name === "direct"
              ? null
              : rounded(
                  median(list.map((sample, round) => sample.cpuMicroseconds / ours[round].cpuMicroseconds)),
                ),
          cpuShare: name === "direct" ? null : rounded(median(list.map((sample) => sample.cpuShare))),
          oursRatio: rounded(median(ratios)),
          oursRatioLowest: rounded(Math.min(...ratios)),
          oursRatioHighest: rounded(Math.max(...ratios)),
        };
        rows.push(row);
        if (connections === 50 && name in limits) claims.push(...claimsAgainst(name, ours, list));
      }
    }
  } finally {
    for (const server of started) server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  return { rows, claims, missing };
}

await runAlone(import.meta.url, run);
