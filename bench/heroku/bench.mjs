import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { timedNode } from "../../scripts/lib/timed.mjs";
import { claim, median, round, runAlone } from "../lib/figures.mjs";
import { createStage } from "./stage.mjs";

/*
 * What the commands cost beside the official CLI's own for the same, on the same double of Heroku; how many calls a deploy
 * makes; how many round trips one waits for; and how many calls a minute a long wait makes. Needs built packages, bash,
 * and, for the comparison, heroku from the npm registry. Calls of two programs are interleaved, so that whatever else the
 * machine does falls on both alike; the figure is the median.
 */

/** Ours, and what somebody types who has the official CLI. */
const COMMANDS = [
  ["status", ["status"], ["ps"]],
  ["secrets list", ["secrets", "list"], ["config"]],
  ["logs", ["logs", "--last", "100"], ["logs", "--num", "100"]],
];
const SHARE_LIMIT = 0.25;
/** Long beside what a machine adds by chance; what counts is how often it is waited for. */
const LATENCY_MS = 200;
/** Whose account it is, everything, and what stands in an answer of everything: whether the database is ready. */
const WAVES_LIMIT = 3;
/** Calls that come back to an account in a minute (Platform API reference, "Rate limits"). */
const CALLS_LIMIT = 75;

export const measured =
  "`deploy` beside the official CLI's command for the same, on one double of Heroku in a process of its own: CPU time (user and system) and wall time, interleaved, median. With calls that take 200 ms longer: waves are how many calls wait for the answer of one before, and trips what that adds to the wall time. `up` takes and returns the lock as well.";

/** Measures, 9 rounds or, with `quick`, 3. */
export async function run({ quick = false } = {}) {
  const rounds = quick ? 3 : 9;
  const stage = await createStage();
  try {
    const calls = await callsOfDeploys(stage);
    const noOp = await tripsOfNoOp(stage, rounds);
    const commands = await beside(stage, rounds);
    const waiting = await callsWhileWaiting(stage, quick ? 20 : 60);
    const parts = [commands, noOp, calls, waiting];
    return { rows: parts.flatMap(({ rows }) => rows), claims: parts.flatMap(({ claims }) => claims) };
  } finally {
    await stage.close();
  }
}

/** Calls of the first deploy, of one with another configuration, and of one that changes nothing. */
async function callsOfDeploys(stage) {
  const rows = [];
  const deploy = async (name) => {
    await stage.double.order("calls");
    await node(stage.deploy("up"));
    const { calls, busiestMinute } = await stage.double.order("calls");
    const writes = calls.filter(({ method }) => method !== "GET").length;
    rows.push({ name, calls: calls.length, writes, busiestMinute });
  };
  await node(stage.deploy("secrets", "set", "SECRET_KEY", "--generate"));
  await deploy("first deploy");
  await writeFile(join(stage.directory, "version.txt"), "2");
  await deploy("redeploy of new code");
  await deploy("deploy of nothing new");
  return { rows, claims: [] };
}

/** Round trips which a plan of nothing new waits for, and whether it sees what was changed by hand. */
async function tripsOfNoOp(stage, rounds) {
  const walls = { plan: { near: [], far: [] }, up: { near: [], far: [] } };
  const waves = { plan: [], up: [] };
  for (let round = -1; round < rounds; round++) {
    for (const [distance, latency] of [
      ["near", 0],
      ["far", LATENCY_MS],
    ]) {
      await stage.double.order("latency", latency);
      for (const command of ["plan", "up"]) {
        await stage.double.order("calls");
        const { wall } = await node(stage.deploy(command));
        const { calls } = await stage.double.order("calls");
        if (latency > 0) waves[command].push(wavesOf(calls));
        if (round >= 0) walls[command][distance].push(wall);
      }
    }
  }
  await stage.double.order("latency", 0);
  const rows = Object.entries(walls).map(([command, { near, far }]) => ({
    name: `${command}, nothing new`,
    // A machine with much else to do sends a call of one wave so late that it looks like the next.
    waves: Math.min(...waves[command]),
    trips: round((median(far) - median(near)) / LATENCY_MS, 2),
    wallMs: round(median(near), 0),
  }));
  const [plan] = rows;
  return {
    rows,
    claims: [
      claim(
        "waves of calls, each waiting for the one before, of a plan of nothing new",
        plan.waves,
        WAVES_LIMIT,
      ),
      claim("changes by hand which that plan does not see, of 3", await unseenChanges(stage), 0),
    ],
  };
}

/** How many times somebody waited for an answer before he asked on: what comes within one latency was not waited for. */
function wavesOf(calls) {
  let waves = 0;
  let until = Number.NEGATIVE_INFINITY;
  for (const { at } of calls) {
    if (at < until) continue;
    waves++;
    until = at + LATENCY_MS;
  }
  return waves;
}

/** How many of three changes by hand a plan is silent of. */
async function unseenChanges(stage) {
  const changes = [
    ["PATCH", "/apps/bench-app/formation/worker", { quantity: 3 }, { quantity: 1 }],
    ["PATCH", "/apps/bench-app/formation/web", { size: "standard-2x" }, { size: "standard-1x" }],
    ["PATCH", "/apps/bench-app/config-vars", { GREETING: "by hand" }, { GREETING: "hello" }],
  ];
  let unseen = 0;
  for (const [method, path, change, back] of changes) {
    await stage.byHand(method, path, change);
    const { stdout } = await node(stage.deploy("plan", "--json"));
    if (JSON.parse(stdout).changes.length === 0) unseen++;
    await stage.byHand(method, path, back);
  }
  return unseen;
}

/** CPU and wall time of ours over those of the official CLI. */
async function beside(stage, rounds) {
  if (stage.heroku === undefined) {
    console.log(`not compared with the official CLI: ${stage.double.facts.missing}`);
    return { rows: [{ name: "heroku: not compared, it cannot be installed" }], claims: [] };
  }
  const samples = new Map();
  for (let round = -1; round < rounds; round++) {
    for (const [name, ours, theirs] of COMMANDS) {
      for (const [label, command] of [
        [`deploy ${name}`, stage.deploy(...ours)],
        [`heroku ${theirs[0]}`, stage.heroku(...theirs)],
      ]) {
        const key = `${label}, for ${name}`;
        const known = samples.get(key) ?? { label, cpu: [], wall: [] };
        samples.set(key, known);
        const { cpu, wall } = await node(command);
        // The first round warms the disk cache.
        if (round < 0) continue;
        known.cpu.push(cpu);
        known.wall.push(wall);
      }
    }
  }
  const figures = [...samples.values()].map(({ label, cpu, wall }) => ({
    name: label,
    cpuMs: round(median(cpu), 0),
    wallMs: round(median(wall), 0),
  }));
  const claims = COMMANDS.flatMap((_command, index) => {
    const [ours, theirs] = figures.slice(index * 2, index * 2 + 2);
    return [
      claim(`CPU of ${ours.name} over ${theirs.name}`, ours.cpuMs / theirs.cpuMs, SHARE_LIMIT),
      claim(`wall time of ${ours.name} over ${theirs.name}`, ours.wallMs / theirs.wallMs, SHARE_LIMIT),
    ];
  });
  return { rows: figures, claims };
}

/** Calls a minute while a release command takes its time. */
async function callsWhileWaiting(stage, seconds) {
  await writeFile(join(stage.directory, "seconds.json"), String(seconds));
  await stage.double.order("calls");
  await node(stage.deploy("up"));
  const { calls } = await stage.double.order("calls");
  const api = calls.filter(({ host }) => host === "api");
  const built = api.findLast(({ method, path }) => method === "POST" && path.endsWith("/builds")).at;
  // What goes before the wait, and what follows it, is not part of it.
  const [from, to] = [built + 3_000, built + seconds * 1000 - 1_000];
  const during = api.filter(({ at }) => at >= from && at <= to).length;
  const perMinute = round((during * 60_000) / (to - from), 1);
  return {
    rows: [{ name: `release command of ${seconds} s`, calls: calls.length, callsPerMinute: perMinute }],
    claims: [claim("calls a minute while a release command runs", perMinute, CALLS_LIMIT)],
  };
}

function node({ args, options }) {
  return timedNode(args, options);
}

await runAlone(import.meta.url, run);
