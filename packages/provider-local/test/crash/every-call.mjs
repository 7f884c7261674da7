/**
 * Kills the CLI before, during and after every call by which it changes something at the supervisor (up, redeploy,
 * rollback, scale, down), runs it again each time, and compares with what an undisturbed run leaves. Another app on the
 * same machine must not notice.
 *
 * node every-call.mjs [--sample <points of each operation>] [--seed 1] [--only up,down] [--faults kill-before,…]
 * [--verbose]; prints one JSON line at the end, exit code 1 on any fault.
 *
 * No hooks: once the supervisor runs for the bystander, its socket is renamed, and a fault proxy listens in its place.
 */
import { renameSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { setContent, writeApp, writeBystander } from "./fixture.mjs";
import { loadChaosKit } from "./installation.mjs";
import { bystanderOf, pictureOf } from "./picture.mjs";
import { createWorkspace } from "./workspace.mjs";

const { values: options } = parseArgs({
  options: {
    sample: { type: "string" },
    seed: { type: "string" },
    only: { type: "string" },
    faults: { type: "string" },
    verbose: { type: "boolean" },
  },
});
const seed = Number(options.seed ?? 1);
const faults = (options.faults ?? "kill-before,kill-during,kill-after").split(",");
const workspace = await createWorkspace();
const { home, port, root, packages } = workspace;
const { createFaultProxy, crashEveryPoint, describeReport, runClient } = await loadChaosKit(root);

const crash = workspace.directory("crash");
const content = (version) => setContent(crash, `version-${version}`);
const must = (...words) => workspace.must("crash", ...words);
const down = ["down", "--confirm=crash", "--delete-data=db"];
const deployed = async (...versions) => {
  await must(...down);
  for (const version of versions) {
    content(version);
    await must("up");
  }
};

/** What is disturbed, and what it starts from; the first time whatever was there before has to go. */
const operations = {
  up: {
    words: ["up"],
    async reset() {
      await must(...down);
      content(1);
    },
  },
  redeploy: {
    words: ["up"],
    async reset() {
      await deployed(1);
      content(2);
    },
  },
  rollback: { words: ["rollback", "--to=1"], reset: () => deployed(1, 2) },
  scale: {
    words: ["scale", "web=3", "worker=2"],
    reset: (isFirst) => (isFirst ? deployed(1) : must("scale", "web=1", "worker=1")),
  },
  down: { words: down, reset: (isFirst) => (isFirst ? deployed(1) : must("up")) },
};

const chosen = options.only?.split(",") ?? Object.keys(operations);
const say = (text) => options.verbose && console.error(text);
const began = Date.now();
const results = {};
let isGood = true;
let proxy;
try {
  writeBystander(workspace.directory("bystander"), packages);
  await workspace.must("bystander", "up");
  writeApp(crash, packages);
  await must("secrets", "set", "SECRET_KEY");
  const socket = join(home, "supervisor.sock");
  const real = join(home, "real.sock");
  renameSync(socket, real);
  proxy = await createFaultProxy({ target: { socketPath: real }, listen: { socketPath: socket } });

  for (const name of chosen) {
    const { words, reset } = operations[name];
    let isFirst = true;
    const report = await crashEveryPoint({
      proxy,
      start: (_endpoint, killed) =>
        runClient([process.execPath, workspace.command, ...words], {
          cwd: crash,
          env: workspace.env,
          killed,
        }),
      observe: () => pictureOf({ socketPath: real, home, port, app: "crash" }),
      observeForeign: () =>
        bystanderOf({ home, port, app: "bystander", supervisorPid: workspace.supervisorPid }),
      async reset() {
        await reset(isFirst);
        isFirst = false;
      },
      faults,
      settleMs: 15_000,
      ...(options.sample === undefined ? {} : { sample: { count: Number(options.sample), seed } }),
      progress: (line) => say(`${name}: ${line}`),
    });
    results[name] = { points: report.points.length, converged: report.converged, known: report.known };
    if (!report.ok) {
      isGood = false;
      console.error(`${name} (seed ${seed}):\n${describeReport(report)}`);
    }
  }
} catch (error) {
  isGood = false;
  console.error(`every call (seed ${seed}): ${error.stack}`);
} finally {
  await proxy?.close();
  workspace.remove();
}
console.log(JSON.stringify({ seed, seconds: Math.round((Date.now() - began) / 1000), ...results }));
process.exit(isGood ? 0 : 1);
