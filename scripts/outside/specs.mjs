import assert from "node:assert/strict";
import { join } from "node:path";
import { run } from "../lib/run.mjs";
import { succeed, writeFiles } from "./outside.mjs";

/**
 * Providers of other times: one that knows nothing of what was added to the contract later, and one that is ahead of us.
 *
 * @param {import("./outside.mjs").Outside} outside
 */
export async function specs({ check, directory, project }) {
  const env = { ...process.env, DEPLOY_HOME: join(directory, "home-specs"), CI: "1" };
  await writeFiles(project, { "specs/old.mjs": OLD, "specs/newer/deploy.config.mjs": NEWER });
  await check(
    "a provider of an older core (spec 1, none of the later members) is planned, looked at and examined",
    () => succeed([process.execPath, "specs/old.mjs"], { cwd: project, env }),
  );
  await check(
    "a provider of a newer contract (spec 2) is refused, and the message says what to upgrade",
    async () => {
      const cli = join(project, "node_modules/@deploy/cli/dist/deploy.js");
      const { code, output } = await run([process.execPath, cli, "plan"], {
        cwd: join(project, "specs/newer"),
        env,
      });
      assert.equal(code, 2, output);
      assert.match(
        output,
        /The provider local speaks version 2 of the provider contract; this @deploy\/core understands 1\./,
      );
      assert.match(output, /Upgrade @deploy\/core, or install an older version of local that speaks 1\./);
    },
  );
}

/** The local provider without anything that a provider may leave out. */
const OLD = `
import assert from "node:assert/strict";
import { createDeployer, defineApp } from "@deploy/core";
import { local } from "@deploy/provider-local";

const { spec, name, credentials, servers, images, containers, logs, secrets, ingress } = local();
const { resources: _resources, ...oldLogs } = logs;
const { address: _address, ...oldContainers } = containers;
const target = { spec, name, credentials, servers, images, containers: oldContainers, logs: oldLogs, secrets, ingress };
const app = defineApp({ name: "old", processes: { web: { command: "true" } }, environments: { old: { target } } });
const deployer = createDeployer(app, { environment: "old" });
const plan = await deployer.plan();
assert.deepEqual(plan.blocks, []);
assert.ok(plan.changes.length > 0);
assert.deepEqual((await deployer.status()).processes, []);
assert.deepEqual(await deployer.identity(), {});
const findings = await deployer.doctor();
assert.deepEqual(findings.filter(({ state }) => state === "failed"), []);
assert.ok(findings.some(({ subject, state }) => subject === "lock" && state === "warning"));
`;

const NEWER = `
import { defineApp } from "@deploy/core";
import { local } from "@deploy/provider-local";

export default defineApp({
  name: "newer",
  processes: { web: { command: "true" } },
  environments: { local: { target: { ...local(), spec: 2 } } },
});
`;
