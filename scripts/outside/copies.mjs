import { cp } from "node:fs/promises";
import { join } from "node:path";
import { succeed, writeFiles } from "./outside.mjs";

/**
 * Two copies of core in one tree: a provider with a copy of its own below it, one that has it bundled, and a
 * configuration whose copy is not the command's.
 *
 * @param {import("./outside.mjs").Outside} outside
 */
export async function copies({ check, directory, project }) {
  const packages = join(project, "node_modules");
  await writeFiles(project, {
    "node_modules/deploy-provider-nested/package.json": PACKAGE("deploy-provider-nested"),
    "node_modules/deploy-provider-nested/index.js": PROVIDER,
    "node_modules/deploy-provider-bundled/package.json": PACKAGE("deploy-provider-bundled"),
    "copies/source.mjs": PROVIDER,
    "copies/try.mjs": TRY,
  });
  await cp(
    join(packages, "@deploy/core"),
    join(packages, "deploy-provider-nested/node_modules/@deploy/core"),
    {
      recursive: true,
    },
  );
  const target = join(packages, "deploy-provider-bundled/index.js");
  await succeed(
    [
      join(packages, ".bin/esbuild"),
      "copies/source.mjs",
      "--bundle",
      "--format=esm",
      "--platform=node",
      `--outfile=${target}`,
    ],
    { cwd: project },
  );
  for (const kind of ["nested", "bundled"]) {
    await check(
      `a provider with its own copy of core (${kind}): errors, secrets and late values are understood`,
      () => succeed([process.execPath, "copies/try.mjs", `deploy-provider-${kind}`], { cwd: project }),
    );
  }

  const other = join(directory, "elsewhere");
  await writeFiles(other, {
    "package.json": { private: true, type: "module" },
    "deploy.config.mjs": CONFIG,
  });
  for (const name of ["core", "provider-local"]) {
    await cp(join(packages, "@deploy", name), join(other, "node_modules/@deploy", name), { recursive: true });
  }
  await check("the command of one tree plans a configuration of another", async () => {
    const cli = join(packages, "@deploy/cli/dist/deploy.js");
    const env = { ...process.env, DEPLOY_HOME: join(directory, "home"), CI: "1" };
    const plan = JSON.parse(await succeed([process.execPath, cli, "plan", "--json"], { cwd: other, env }));
    const changes = plan.changes ?? plan.plan?.changes;
    if (!(changes?.length > 0)) throw new Error(`no plan: ${JSON.stringify(plan).slice(0, 500)}`);
  });
}

const PACKAGE = (/** @type {string} */ name) => ({
  name,
  version: "1.0.0",
  type: "module",
  exports: "./index.js",
});

/** A provider of somebody else. What it makes with its copy of core has to mean the same to ours. */
const PROVIDER = `
import { DeployError, UNKNOWN, isForeign, mapOut, output, redact, request } from "@deploy/core";

export const theirs = { DeployError, UNKNOWN, redact, request };

export function twin(vendor) {
  const resource = (scope, name, more) => ({
    id: \`twin/secrets/\${scope.app}/\${name}\`,
    label: name,
    provider: "twin",
    element: "secrets",
    read: async () => vendor.get(name),
    create: async (_context, desired) => {
      vendor.set(name, desired);
      return desired;
    },
    ...more,
  });
  return {
    spec: 1,
    name: "twin",
    credentials: {},
    resources(scope) {
      const first = resource(scope, "first", { desired: { value: redact("kept-between-us"), address: "192.0.2.1" } });
      const address = output(first, (observed) => observed.address);
      const second = resource(scope, "second", {
        desired: { url: mapOut(address, (text) => \`http://\${text}\`) },
        diff: (desired, observed) =>
          desired === UNKNOWN || desired.url === UNKNOWN
            ? [{ path: "url", unknown: true }]
            : desired.url === observed.url
              ? []
              : [{ path: "url", from: observed.url, to: desired.url }],
      });
      return [first, second];
    },
    failing: (scope) =>
      resource(scope, "failing", {
        desired: {},
        create: async () => {
          throw new DeployError({ code: "twin.broken", message: "It is broken.", hint: "Mend it." });
        },
      }),
    foreign: (scope) =>
      resource(scope, "foreign", { desired: {}, read: async () => ({ foreign: true, description: "not ours" }) }),
    isForeign,
  };
}
`;

/** Our copy of core works with what their copy has made. */
const TRY = `
import assert from "node:assert/strict";
import * as core from "@deploy/core";
const { theirs, twin } = await import(process.argv[2]);

assert.notEqual(theirs.DeployError, core.DeployError, "there is one copy only: this proves nothing");
assert.equal(theirs.UNKNOWN, core.UNKNOWN);
const error = new theirs.DeployError({ code: "twin.broken", message: "It is broken." });
assert.ok(!(error instanceof core.DeployError) && core.DeployError.is(error));
assert.equal(core.toDeployError(error), error);
const secret = theirs.redact("kept-between-us");
assert.ok(core.isRedacted(secret));
assert.equal(core.reveal(secret), "kept-between-us");
assert.equal(JSON.stringify({ secret }), '{"secret":"<redacted>"}');

const vendor = new Map();
const provider = twin(vendor);
const scope = { app: "copies", environment: "test" };
const prepare = (resources) =>
  core.preparePlan({
    operation: "up",
    scope,
    providers: [provider],
    resources,
    prune: false,
    context: {
      signal: new AbortController().signal,
      env: {},
      fetch,
      clock: core.systemClock,
      directory: process.cwd(),
    },
  });
assert.ok(core.isOut(provider.resources(scope)[1].desired.url));
const first = await prepare(provider.resources(scope));
assert.deepEqual(first.plan.changes.map(({ action }) => action), ["create", "create"]);
assert.equal(first.plan.changes[1].fields.find(({ path }) => path === "url").unknown, true);
assert.ok(!JSON.stringify(first.plan).includes("kept-between-us"));
await core.applyPlan(first);
assert.deepEqual(vendor.get("second"), { url: "http://192.0.2.1" });
assert.deepEqual((await prepare(provider.resources(scope))).plan.changes, []);

await assert.rejects(
  async () => core.applyPlan(await prepare([provider.failing(scope)])),
  (thrown) => core.DeployError.is(thrown) && JSON.stringify([thrown, thrown.cause]).includes("twin.broken"),
);
const blocked = await prepare([provider.foreign(scope)]);
assert.equal(blocked.plan.blocks[0]?.code, "plan.foreign");

const refused = async () => new Response("busy", { status: 503, headers: { "content-type": "text/plain" } });
const failed = await theirs
  .request({ signal: new AbortController().signal, clock: core.systemClock, fetch: refused }, "http://x.test", {}, { attempts: 1 })
  .catch((thrown) => thrown);
assert.ok(core.DeployError.is(failed) && failed.retryable && core.isTransient(failed));
`;

const CONFIG = `
import { defineApp } from "@deploy/core";
import { local } from "@deploy/provider-local";

export default defineApp({
  name: "elsewhere",
  processes: { web: { command: "true" } },
  environments: { local: { target: local() } },
});
`;
