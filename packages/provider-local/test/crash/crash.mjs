/**
 * Kills the CLI and the supervisor at random moments of up, rollback, scale and down, runs `up` again each time, and
 * compares with what an undisturbed run would have left.
 *
 * node crash.mjs [--kills 200] [--seed 1] [--verbose]; prints one JSON line at the end, exit code 1 on any fault.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { setContent, writeApp } from "./fixture.mjs";
import { faultsOf, get, processesOf } from "./look.mjs";
import { createWorkspace, eventually } from "./workspace.mjs";

const { values: options } = parseArgs({
  options: {
    kills: { type: "string" },
    seed: { type: "string" },
    verbose: { type: "boolean" },
    keep: { type: "boolean" },
  },
});
const kills = Number(options.kills ?? 200);
const seed = Number(options.seed ?? 1);
const workspace = await createWorkspace();
const { home, port, root } = workspace;
const app = workspace.directory("app");
const deploy = (...words) => workspace.deploy("app", ...words);
const must = (...words) => workspace.must("app", ...words);
const say = (text) => options.verbose && console.error(text);

/** A small generator with a seed, so that a failing run can be had again. */
let randomState = seed * 2654435761;
function random() {
  randomState = (randomState + 0x6d2b79f5) | 0;
  let mixed = Math.imul(randomState ^ (randomState >>> 15), 1 | randomState);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
}
const pick = (list) => list[Math.floor(random() * list.length)];

function killSupervisor() {
  const pid = workspace.supervisorPid();
  if (pid === undefined || !processesOf(home).supervisors.some((one) => Number(one.pid) === pid))
    return false;
  process.kill(pid, "SIGKILL");
  return true;
}

const counts = { up: 0, rollback: 0, scale: 0, down: 0, cli: 0, supervisor: 0, both: 0, missed: 0 };
let version = 0;
let rows = 0;

/** One operation, disturbed. */
async function disturb() {
  const operation = pick(["up", "up", "up", "rollback", "scale", "down"]);
  const victim = pick(["cli", "supervisor", "both"]);
  if (operation === "up") {
    version += 1;
    setContent(app, currentContent());
  }
  const args = {
    up: ["up"],
    rollback: ["rollback"],
    scale: ["scale", `web=${1 + Math.floor(random() * 3)}`, `worker=${1 + Math.floor(random() * 2)}`],
    down: ["down", "--confirm=crash", "--keep-logs"],
  }[operation];
  const longest = { up: 3000, rollback: 1800, scale: 1600, down: 900 }[operation];
  const delay = random() * longest;
  const run = deploy(...args);
  const ended = await Promise.race([run.done.then(() => true), sleep(delay).then(() => false)]);
  let killed = false;
  if (victim !== "supervisor" && !ended) {
    run.child.kill("SIGKILL");
    killed = true;
  }
  if (victim !== "cli") killed = killSupervisor() || killed;
  const result = await run.done;
  counts[operation] += 1;
  counts[killed ? victim : "missed"] += 1;
  say(`${operation}, ${victim} killed after ${Math.round(delay)} ms: ${result.code ?? result.signal}`);
  return { operation, victim, delay: Math.round(delay), killed };
}

/** The next `up`, and everything that has to be true after it. */
async function converge() {
  await must("up");
  const plan = JSON.parse((await must("plan", "--json")).stdout);
  const changes = (plan.plan ?? plan).changes;
  if (changes.length > 0) throw new Error(`after up the plan still has ${JSON.stringify(changes)}`);
  const answer = await get(port, "crash.localhost");
  if (!answer.body.startsWith(currentContent()))
    throw new Error(`it answers ${answer.status} ${answer.body}`);
  const status = JSON.parse((await must("status", "--json")).stdout);
  const wanted = status.processes.flatMap((process) =>
    Array.from({ length: process.desired }, (_, index) => `${process.name}.${index + 1}`),
  );
  const release = Number(answer.body.split(" ")[1]);
  if (status.release !== release) throw new Error(`release ${status.release} is active, ${release} answers`);
  await eventually(() => {
    const { supervisors, instances, commands, databases } = processesOf(home);
    const leaders = instances
      .filter((one) => one.leader)
      .map((one) => one.run.split("-").slice(0, 2).join("-"));
    const expected = wanted.map((name) => `${name}-${release}`);
    const same = leaders.sort().join() === expected.sort().join();
    if (supervisors.length === 1 && same && commands.length === 0 && databases.length === 1) return undefined;
    return `processes: ${JSON.stringify({ leaders, expected, commands, supervisors: supervisors.length, databases: databases.length })}`;
  });
  rows += 1;
  await must("run", "--", `psql "$DATABASE_URL" -qc 'insert into rows values (${rows})'`);
}

function currentContent() {
  return `version-${version}`;
}

async function checkDatabase() {
  const { stdout } = await must("run", "--", `psql "$DATABASE_URL" -Atc 'select count(*), max(n) from rows'`);
  if (stdout.trim() !== `${rows}|${rows}`)
    throw new Error(`${stdout.trim()} rows where ${rows} were acknowledged`);
}

async function checkLogs() {
  const { stdout } = await must("logs", "--json", "--last", "100000000");
  const texts = stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line).text);
  const { faults, runs } = faultsOf(texts);
  if (faults.length > 0)
    throw new Error(`log lines: ${faults.slice(0, 5).join("; ")} (${faults.length} in all)`);
  return { lines: texts.length, runs };
}

const started = Date.now();
let faults = 0;
let done = 0;
try {
  writeApp(app, workspace.packages);
  setContent(app, currentContent());
  await must("secrets", "set", "SECRET_KEY");
  await converge();
  for (; done < kills; ) {
    const what = await disturb();
    if (what.killed) done += 1;
    try {
      await converge();
      if (done % 10 === 0) {
        await checkDatabase();
        await checkLogs();
      }
    } catch (error) {
      faults += 1;
      console.error(`kill ${done} (${JSON.stringify(what)}, seed ${seed}): ${error.message}`);
      if (faults >= 3 || options.keep) break;
    }
  }
  await checkDatabase();
  const logs = await checkLogs();
  if (!options.keep) {
    await must("down", "--confirm=crash", "--delete-data=db,SECRET_KEY");
    await eventually(() => {
      const left = Object.values(processesOf(home)).flat();
      return left.length === 0 ? undefined : `left after down: ${JSON.stringify(left)}`;
    });
  }
  console.log(
    JSON.stringify({
      kills: done,
      faults,
      seed,
      seconds: Math.round((Date.now() - started) / 1000),
      counts,
      logs,
      rows,
    }),
  );
} catch (error) {
  faults += 1;
  console.error(`after ${done} kills (seed ${seed}): ${error.stack}`);
} finally {
  if (options.keep) console.error(`kept: ${root}`);
  else workspace.remove();
}
process.exit(faults === 0 ? 0 : 1);
