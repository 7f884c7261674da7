import { spawn } from "node:child_process";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { timedNode } from "../../scripts/lib/timed.mjs";
import { claim, median, round, runAlone, sizeOf } from "../lib/figures.mjs";
import { installOctoDns, runOctoDns } from "./octodns.mjs";

/*
 * A zone of ten thousand records at a double of Cloudflare whose calls take 100 ms: calls and time to read it, to plan it, and
 * to change all of it, beside the bound that the vendor's batches set, and beside OctoDNS on the same double. And what the
 * package costs: import over core, and size. Needs built packages, bash, and, for the comparison, Python with PyPI.
 */

const root = fileURLToPath(new URL("../../", import.meta.url));
const LATENCY_MS = 100;
const ROUNDS = 3;
const MARKER = "deploy:bench/production:n";
/** Operations in a batch by plan: developers.cloudflare.com/dns/manage-dns-records/how-to/batch-record-changes. */
const ZONES = [
  { name: "free.test", plan: "free", batch: 200 },
  { name: "paid.test", plan: "pro", batch: 3500 },
];

export const measured =
  "A zone of 10,000 addresses at the double of Cloudflare in a process of its own, each call taking 100 ms; all of them are changed. Three rounds, of which the least time counts. The bound is the batches that the plan allows; OctoDNS 1.22.0 has the same zone on the same double, changes fewer, and is stopped after a while. Import: CPU time of Node importing core and the package, over core alone, interleaved, median.";

/** Measures; with `quick` a smaller zone and a shorter comparison. */
export async function run({ quick = false } = {}) {
  const records = quick ? 2000 : 10_000;
  const directory = await mkdtemp(join(tmpdir(), "deploy-bench-dns-"));
  const double = await startDouble(directory);
  try {
    const rows = [];
    const claims = [];
    for (const zone of ZONES) {
      const figures = await changeAll(double, zone, records);
      rows.push(...figures.rows);
      claims.push(...figures.claims);
    }
    const weight = await weigh(directory, quick ? 5 : 15);
    const beside = await besideOctoDns(directory, double, records, rows, quick);
    return {
      rows: [...rows, ...weight.rows, ...beside.rows],
      claims: [...claims, ...weight.claims, ...beside.claims],
    };
  } finally {
    await double.close();
    await rm(directory, { recursive: true, force: true });
  }
}

/** Reads a zone, plans a change of every record in it, and makes it. */
async function changeAll(double, { name, plan, batch }, records) {
  const { cloudflare } = await import("@deploy/dns-cloudflare");
  const { diffRecords } = await import("@deploy/core");
  const context = contextOf(double);
  await double.order("latency", 0);
  await double.order("zone", { name, plan, records, marker: MARKER });
  await double.order("latency", LATENCY_MS);
  const { dns } = cloudflare({ endpoint: double.facts.url });
  // The client is loaded at the first call: that is the start's time, not the zone's.
  await dns.zones(context);
  await double.order("calls");

  const rules = { zone: name, isOurs: ({ marker }) => marker?.startsWith("deploy:bench/") === true };
  const rounds = [];
  for (let round = 1; round <= ROUNDS; round += 1) {
    const reading = await timed(() => dns.list(context, name));
    const readCalls = total(await double.order("calls"));
    const wanted = reading.value.map(({ marker, ...record }, index) => ({
      record: {
        ...record,
        values: [`1${round}.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`],
      },
      marker,
    }));
    const cpu = process.cpuUsage();
    const { changes } = diffRecords(wanted, reading.value, rules);
    const spent = process.cpuUsage(cpu);
    const writing = await timed(() => dns.apply(context, name, changes));
    const calls = await double.order("calls");
    const left = diffRecords(wanted, await dns.list(context, name), rules).changes.length;
    await double.order("calls");
    rounds.push({
      readCalls,
      readMs: reading.wall,
      planMs: (spent.user + spent.system) / 1000,
      changes: changes.length,
      batches: calls["POST /zones/{zone_id}/dns_records/batch"] ?? 0,
      calls: total(calls),
      writeMs: writing.wall,
      left,
    });
  }
  // Whatever else the machine does only ever adds to a time.
  const least = (field) => Math.min(...rounds.map((round) => round[field]));
  const most = (field) => Math.max(...rounds.map((round) => round[field]));
  const [readCalls, batches, calls, left] = ["readCalls", "batches", "calls", "left"].map(most);
  const [readMs, planMs, writeMs] = ["readMs", "planMs", "writeMs"].map(least);
  const bound = Math.ceil(records / batch);
  const what = `${plan}, ${records} records`;
  return {
    rows: [
      { name: `${what}: read`, calls: readCalls, wallMs: round(readMs) },
      { name: `${what}: plan of ${most("changes")} changes`, cpuMs: round(planMs) },
      { name: `${what}: change all`, calls, batches, wallMs: round(writeMs) },
    ],
    claims: [
      claim(`${what}: calls to read them`, readCalls, 5),
      claim(`${what}: CPU ms to plan`, planMs, 300),
      claim(`${what}: batches over the bound of ${bound}`, batches / bound, 1),
      claim(`${what}: wall time over calls × latency`, writeMs / (calls * LATENCY_MS), 1.2),
      claim(`${what}: changes left afterwards`, left, 0),
    ],
  };
}

/** Import time over core, and the size of what is installed. */
async function weigh(directory, rounds) {
  const scope = join(directory, "node_modules", "@deploy");
  for (const name of ["core", "dns-cloudflare"]) {
    for (const part of ["dist", "package.json"]) {
      await cp(join(root, "packages", name, part), join(scope, name, part), { recursive: true });
    }
  }
  await writeFile(join(directory, "core.mjs"), 'import "@deploy/core";\n');
  await writeFile(
    join(directory, "both.mjs"),
    'import "@deploy/core";\nimport { cloudflare } from "@deploy/dns-cloudflare";\ncloudflare();\n',
  );
  const samples = { core: [], both: [] };
  for (let round = -1; round < rounds; round += 1) {
    for (const name of ["core", "both"]) {
      const { cpu } = await timedNode([join(directory, `${name}.mjs`)]);
      if (round >= 0) samples[name].push(cpu);
    }
  }
  const over = median(samples.both) - median(samples.core);
  const megabytes = (await sizeOf(join(scope, "dns-cloudflare"))) / 1e6;
  return {
    rows: [
      { name: "import @deploy/core", cpuMs: round(median(samples.core)) },
      { name: "import it and @deploy/dns-cloudflare", cpuMs: round(median(samples.both)) },
    ],
    claims: [
      claim("CPU of importing @deploy/dns-cloudflare, ms over core", over, 20),
      claim("size of @deploy/dns-cloudflare, MB", megabytes, 1),
    ],
  };
}

/** OctoDNS on the same double: a plan in which nothing is to be changed, and some of the changes. */
async function besideOctoDns(directory, double, records, ours, quick) {
  const program = await installOctoDns(directory);
  if (program === undefined) {
    console.log("not compared with OctoDNS: it cannot be installed (python3 with venv, and PyPI)");
    return { rows: [{ name: "octodns: not compared, it cannot be installed" }], claims: [] };
  }
  const zone = "octodns.test";
  await double.order("latency", 0);
  await double.order("zone", { name: zone, plan: "pro", records, marker: "" });
  await double.order("latency", LATENCY_MS);
  const common = { ...double.facts, zone, records };
  await double.order("calls");
  const plan = await runOctoDns(program, directory, {
    ...common,
    changed: 0,
    apply: false,
    limitMs: 120_000,
  });
  const planCalls = total(await double.order("calls"));
  const changed = quick ? 20 : 100;
  const change = await runOctoDns(program, directory, { ...common, changed, apply: true, limitMs: 120_000 });
  const calls = await double.order("calls");
  const done = calls["PUT /zones/{zone_id}/dns_records/{dns_record_id}"] ?? 0;
  const each = (change.wall - plan.wall) / Math.max(1, done);
  const reading = ours.find(({ name }) => name.startsWith("pro") && name.endsWith("read"));
  const writing = ours.find(({ name }) => name.startsWith("pro") && name.endsWith("change all"));
  return {
    rows: [
      { name: `octodns, ${records} records: read and plan`, calls: planCalls, wallMs: round(plan.wall) },
      {
        name: `octodns, ${records} records: ${done} of ${changed} changes${change.finished ? "" : ", then stopped"}`,
        calls: total(calls),
        wallMs: round(change.wall),
      },
    ],
    claims: [
      claim("read and plan, wall time over OctoDNS's", reading.wallMs / plan.wall, 0.2),
      claim("a change, wall time over OctoDNS's", writing.wallMs / records / each, 0.05, 4),
    ],
  };
}

/** What a call of the provider gets. */
function contextOf({ facts }) {
  return {
    signal: new AbortController().signal,
    env: { CLOUDFLARE_API_TOKEN: facts.token },
    fetch,
    clock: { now: Date.now, sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)) },
    log: () => undefined,
    output: () => undefined,
    directory: root,
    shared: (_key, load) => load(),
  };
}

/** The double, bundled and started; `order` sends it one order of double.mjs and hands back the answer. */
async function startDouble(directory) {
  const outfile = join(directory, "double.mjs");
  await build({
    entryPoints: [join(root, "bench/dns/double.mjs")],
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    outfile,
    logLevel: "error",
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
  });
  const child = spawn(process.execPath, [outfile], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("close", resolve));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    const { done, value } = await lines.next();
    if (done) throw new Error("the double of Cloudflare has ended");
    return JSON.parse(value);
  };
  return {
    facts: await answer(),
    async order(order, value) {
      child.stdin.write(`${JSON.stringify({ order, value })}\n`);
      return answer();
    },
    async close() {
      child.stdin.end();
      await ended;
    },
  };
}

async function timed(work) {
  const started = performance.now();
  const value = await work();
  return { value, wall: performance.now() - started };
}

function total(calls) {
  return Object.values(calls).reduce((sum, count) => sum + count, 0);
}

await runAlone(import.meta.url, run);
