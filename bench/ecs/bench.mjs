import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { claim, median, runAlone } from "../lib/figures.mjs";
import { bundlePrograms } from "./bundle.mjs";
import { bestMakespan, runClient, serialDepth } from "./measure.mjs";
import { startUp } from "./startup.mjs";
import { startVendor } from "./vendor.mjs";

/*
 * How fast the ECS provider is, against moto at a distance of 50 ms a call: plans that find nothing to do and still see what
 * somebody has changed, a redeploy, a first deploy, a removal, a hundred services, and what a status costs before it asks.
 * From the sources; needs Python for moto, and the built core and CLI for the status.
 */

const LATENCY_MS = 50;
/** Far longer than all the work of a plan, so that what does not wait for each other is seen to be at once. */
const APART_MS = 1500;
/** As the provider's limits say. */
const CONCURRENCY = 32;
const NOTICED_WITHIN_MS = 2500;
const ROLLOUT_MS = 4000;

export const measured =
  "Whole runs as processes of their own against moto behind 50 ms a call. Start-up is the same run with calls that take no time; where nothing is changed, reads are answered from what moto has answered before, because moto serves one after the other. Roles rest for 0 s, since an emulator knows them at once (on AWS: 10 s, in the first deploy only).";

/** Measures; with `quick`, fewer rounds and 30 services for 100. */
export async function run({ quick = false } = {}) {
  const directory = await mkdtemp(join(tmpdir(), "deploy-bench-"));
  const programs = await bundlePrograms(join(directory, "programs"));
  const vendor = await startVendor(programs.vendor);
  if (vendor.missing !== undefined) {
    console.error(`skipped: ${vendor.missing}`);
    await rm(directory, { recursive: true, force: true });
    return { rows: [{ name: `skipped: ${vendor.missing}` }], claims: [] };
  }
  const bench = { programs, vendor, quick };
  const parts = [];
  try {
    for (const part of [firstDeploy, nothingToDo, byHand, redeploy, noticed, removal, manyServices]) {
      parts.push(await part(bench));
    }
    const violations = await vendor.ask("violations");
    parts.push({ rows: [], claims: [claim("requests that AWS would refuse", violations.length, 0)] });
    for (const line of violations) console.error(line);
    parts.push(await startUpCosts(directory, quick));
  } finally {
    await vendor.close();
    await rm(directory, { recursive: true, force: true });
  }
  return { rows: parts.flatMap(({ rows }) => rows), claims: parts.flatMap(({ claims }) => claims) };
}

/** A client's run at a distance, with its calls. */
async function at({ programs, vendor }, latencyMs, words, app = {}) {
  await vendor.ask("latency", latencyMs);
  await vendor.ask("calls");
  const result = await runClient(programs, vendor, words, app);
  return { ...result, calls: await vendor.ask("calls") };
}

const isMutation = ({ operation }) =>
  !/^(?:Describe|Get|List|Batch(?:Get|Check)|Filter|Head|GET )/.test(operation);

async function firstDeploy(bench) {
  await bench.vendor.ask("reset");
  const result = await at(bench, LATENCY_MS, ["up"]);
  return makespan("first deploy", result);
}

function makespan(name, { changes, events, calls }) {
  const starts = new Map();
  const seconds = new Map();
  for (const { at: time, type, id } of events) {
    if (type === "started" && !starts.has(id)) starts.set(id, time);
    if (type === "done" && starts.has(id)) seconds.set(id, time - starts.get(id));
  }
  const ends = events.filter(({ type }) => type === "done").map(({ at: time }) => time);
  const took = Math.max(...ends) - Math.min(...starts.values());
  const best = bestMakespan(changes, seconds, CONCURRENCY);
  return {
    rows: [
      { name, ms: Math.round(took), floorMs: Math.round(best), steps: changes.length, calls: calls.length },
    ],
    claims: [claim(`makespan of a ${name} over its longest chain of steps`, took / best, 1.15)],
  };
}

async function nothingToDo(bench) {
  const { vendor, quick } = bench;
  await vendor.ask("replay", true);
  const rows = [];
  const claims = [];
  for (const words of [["plan"], ["up", "again"]]) {
    const [verb] = words;
    const first = await at(bench, 0, words);
    if (first.changes.length > 0) {
      throw new Error(`there should be nothing to do: ${JSON.stringify(first.changes).slice(0, 1000)}`);
    }
    const apart = await at(bench, APART_MS, words);
    const samples = { near: [], far: [], cpu: [] };
    for (let round = 0; round < (quick ? 3 : 9); round += 1) {
      const near = await at(bench, 0, words);
      const far = await at(bench, LATENCY_MS, words);
      samples.near.push(near.wallMs);
      samples.far.push(far.wallMs);
      samples.cpu.push(near.cpuMs);
    }
    // The least of each: whatever else the machine does makes a run longer, never shorter.
    const [near, far] = [Math.min(...samples.near), Math.min(...samples.far)];
    const depth = serialDepth(apart.calls);
    const latencies = (far - near) / LATENCY_MS;
    rows.push({
      name: `${verb} with nothing to do`,
      ms: Math.round(far),
      startUpMs: Math.round(near),
      cpuMs: Math.round(median(samples.cpu)),
      calls: apart.calls.length,
      serialCalls: depth,
    });
    claims.push(
      claim(`${verb} with nothing to do: wall beyond start-up, in latencies of one call`, latencies, 3),
      claim(`${verb} with nothing to do: calls that wait for each other`, depth, 3),
    );
  }
  await vendor.ask("replay", false);
  return { rows, claims };
}

async function byHand(bench) {
  const told = [];
  const seenBy = new Map();
  for (const which of ["things", "release"]) {
    const changed = await bench.vendor.ask("byHand", which);
    const { changes, blocks } = await at(bench, 0, ["plan"]);
    told.push(...changed);
    for (const one of changed) seenBy.set(one, [...changes, ...blocks]);
  }
  const unseen = told.filter(
    (one) => one.failure !== undefined || !seenBy.get(one).some(({ id }) => id.includes(one.shownBy)),
  );
  for (const { kind, shownBy, failure } of unseen)
    console.error(`not seen: ${kind} (${shownBy}) ${failure ?? ""}`);
  const seen = told.filter((one) => !unseen.includes(one)).map(({ kind }) => kind);
  return {
    rows: [
      {
        name: "changed by hand, and seen by a plan",
        seen: seen.join("; "),
        unseen: unseen.map(({ kind }) => kind).join("; "),
      },
    ],
    claims: [
      claim(`kinds of things changed by hand that a plan does not show, of ${told.length}`, unseen.length, 0),
    ],
  };
}

async function redeploy(bench) {
  await bench.vendor.ask("reset");
  const plain = { plain: true };
  await at(bench, 0, ["up"], plain);
  const { calls, wallMs, cpuMs } = await at(bench, LATENCY_MS, ["up"], { ...plain, version: "two" });
  const changing = calls.filter(
    (call) =>
      isMutation(call) && !(call.service === "ssm" && /^(?:Put|Delete)Parameter$/.test(call.operation)),
  );
  const last = changing.findLastIndex(({ operation }) => operation === "UpdateService");
  const until = changing.slice(0, last + 1);
  return {
    rows: [
      {
        name: "redeploy, web and a worker, no release command",
        ms: Math.round(wallMs),
        cpuMs: Math.round(cpuMs),
        calls: calls.length,
        changing: changing.map(({ operation }) => operation).join(" "),
      },
      {
        // Its steps as they were noted from its source of 2024-03; it was not run here.
        name: "kayac/ecspresso, as documented, for one service",
        sleepMs: 3000,
        changing: "RegisterTaskDefinition UpdateService",
        afterwards: "the SDK's waiter, which asks every 15 s",
      },
    ],
    claims: [
      claim(
        "redeploy: serial calls that change something, until the service is updated",
        serialDepth(until),
        2,
      ),
    ],
  };
}

async function noticed(bench) {
  await bench.vendor.ask("rollout", ROLLOUT_MS);
  const { events } = await at(bench, LATENCY_MS, ["up"], { plain: true, version: "three" });
  const completedAt = await bench.vendor.ask("completedAt");
  const done = events
    .filter(({ type, id }) => type === "done" && /\/service\//.test(id))
    .map((event) => event.at);
  const lateMs = Math.max(...done) - completedAt;
  return {
    rows: [{ name: "a rollout has completed, until that is noticed", ms: Math.round(lateMs) }],
    claims: [claim("ms from what the vendor says to our noticing", Math.round(lateMs), NOTICED_WITHIN_MS)],
  };
}

async function removal(bench) {
  await bench.vendor.ask("reset");
  await at(bench, 0, ["up"]);
  const result = await at(bench, LATENCY_MS, ["down"]);
  if (result.left.length > 0) throw new Error(`left over: ${result.left.join(", ")}`);
  return makespan("removal", result);
}

async function manyServices(bench) {
  const { vendor, quick } = bench;
  const many = quick ? 30 : 100;
  const figures = {};
  const calls = [];
  for (const workers of [1, many]) {
    const app = { plain: true, workers };
    await vendor.ask("reset");
    const up = await at(bench, 0, ["up"], app);
    await vendor.ask("replay", true);
    const first = await at(bench, 0, ["plan"], app);
    calls.push(...up.calls, ...first.calls);
    const walls = [];
    for (let round = 0; round < (quick ? 3 : 7); round += 1) {
      const plan = await at(bench, LATENCY_MS, ["plan"], app);
      if (plan.changes.length > 0) throw new Error(`there should be nothing to do with ${workers} services`);
      walls.push(plan.wallMs);
      calls.push(...plan.calls);
      figures[workers] = { calls: plan.calls.length };
    }
    // The least: whatever else the machine does makes a run longer, never shorter.
    figures[workers].wallMs = Math.min(...walls);
    await vendor.ask("replay", false);
  }
  const rates = await vendor.ask("beyondRates", calls);
  const beyond = Math.max(0, ...Object.values(rates).map((one) => one.beyond));
  return {
    rows: [
      ...Object.entries(figures).map(([workers, { wallMs, calls: count }]) => ({
        name: `plan of ${Number(workers) + 1} services with nothing to do`,
        ms: Math.round(wallMs),
        calls: count,
      })),
      {
        name: "calls by AWS's bucket",
        seen: Object.entries(rates)
          .map(([name, { count }]) => `${name} ${count}`)
          .join("; "),
      },
    ],
    claims: [
      claim(`plan of ${many + 1} services over one of 2`, figures[many].wallMs / figures[1].wallMs, 1.5),
      // Tokens come in at so many a second by two clocks, ours and the proxy's.
      claim("calls beyond AWS's published rates, at the worst moment", beyond, 1),
    ],
  };
}

async function startUpCosts(directory, quick) {
  const { bare, status, megabytes } = await startUp(directory, quick ? 5 : 15);
  return {
    rows: [
      { name: "node -e 0", cpuMs: Math.round(bare) },
      { name: "deploy status, until its first request", cpuMs: Math.round(status) },
      { name: "@deploy/provider-ecs without its types", megabytes: Number(megabytes.toFixed(1)) },
    ],
    claims: [
      claim("CPU of deploy status before its first request, ms over node -e 0", status - bare, 150, 0),
      claim("size of @deploy/provider-ecs, MB", megabytes, 30),
    ],
  };
}

await runAlone(import.meta.url, run);
