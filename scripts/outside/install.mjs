import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { installing, succeed, writeFiles } from "./outside.mjs";

/** What the checks in the npm project need beside our packages: two compilers, a bundler, and the peer of the kit. */
const TOOLS = {
  "@types/node": "^20.19.0",
  esbuild: "*",
  typescript: "6.0.3",
  "typescript-5.9": "npm:typescript@5.9.3",
  vitest: "4.1.12",
};

/** Newer ones lack platform packages in some registries; see CONTRIBUTING.md. */
const OVERRIDES = { rollup: "4.67.4" };

const MANAGERS = { pnpm: "pnpm@10", yarn: "@yarnpkg/cli-dist@4" };

/** @param {import("./outside.mjs").Outside} outside */
export async function installProject({ project, tarballs }) {
  await writeFiles(project, {
    "package.json": {
      private: true,
      type: "module",
      dependencies: fileDependencies(tarballs),
      devDependencies: TOOLS,
      overrides: OVERRIDES,
    },
  });
  await succeed(["npm", "install", "--no-audit", "--no-fund", "--prefer-offline"], {
    cwd: project,
    env: installing(),
  });
  const installed = await readdir(join(project, "node_modules/@deploy"));
  assert.deepEqual(
    installed.map((name) => `@deploy/${name}`).sort(),
    Object.keys(tarballs).sort(),
    "another copy, or one too few",
  );
}

/**
 * pnpm and yarn: both are stricter than npm about what a package may import, yarn without any node_modules even more.
 *
 * @param {import("./outside.mjs").Outside} outside
 */
export async function otherManagers(outside) {
  const tools = join(outside.directory, "managers");
  await writeFiles(tools, { "package.json": { private: true } });
  const names = Object.values(MANAGERS);
  const argv = ["install", "--no-audit", "--no-fund", "--prefer-offline", ...names];
  try {
    await succeed(["npm", ...argv], { cwd: tools, env: installing() });
  } catch {
    for (const name of Object.keys(MANAGERS))
      outside.skip(`${name} installs the packages`, "the registry has no copy of it");
    return;
  }
  await outside.check("pnpm installs the packages, and they load", () =>
    tryManager(
      outside,
      "pnpm",
      [join(tools, "node_modules/.bin/pnpm"), "install", "--prefer-offline"],
      ["node"],
    ),
  );
  for (const linker of ["node-modules", "pnp"]) {
    const yarn = join(tools, "node_modules/.bin/yarn");
    await outside.check(`yarn (${linker}) installs the packages, and they load`, () =>
      tryManager(outside, `yarn-${linker}`, [yarn, "install"], [yarn, "node"], {
        YARN_NODE_LINKER: linker,
        YARN_ENABLE_IMMUTABLE_INSTALLS: "false",
        YARN_ENABLE_TELEMETRY: "0",
        YARN_ENABLE_GLOBAL_CACHE: "false",
        ...registryFor(),
      }),
    );
  }
}

/**
 * @param {import("./outside.mjs").Outside} outside
 * @param {string} name
 * @param {readonly [string, ...string[]]} install
 * @param {readonly [string, ...string[]]} node What starts Node, so that it finds the packages.
 * @param {NodeJS.ProcessEnv} [more]
 */
async function tryManager({ directory, tarballs }, name, install, node, more = {}) {
  const place = join(directory, name);
  const ours = fileDependencies(tarballs);
  await writeFiles(place, {
    "package.json": {
      name: "outside",
      private: true,
      type: "module",
      dependencies: ours,
      devDependencies: { vitest: TOOLS.vitest },
      // What our packages want of each other is not in the registry before it is published.
      pnpm: { overrides: { ...ours, ...OVERRIDES } },
      resolutions: { ...ours, ...OVERRIDES },
    },
    "yarn.lock": "",
    "load.mjs": LOAD,
  });
  const env = installing({ HOME: directory, ...more });
  await succeed(install, { cwd: place, env });
  const said = await succeed([...node, "load.mjs"], { cwd: place, env });
  assert.match(said, /^loaded\n\d+\.\d+\.\d+\n$/);
  if (more.YARN_NODE_LINKER === "pnp") assert.ok(!existsSync(join(place, "node_modules/@deploy")));
}

/** Loads everything, and starts the command. Written for each place, since imports are looked up from the file. */
const LOAD = `
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { createDeployer, defineApp } from "@deploy/core";
import { local } from "@deploy/provider-local";
import { runConformance } from "@deploy/conformance";

const app = defineApp({ name: "outside", processes: { web: { command: "true" } } });
createDeployer(app, { defaultTarget: local() });
if (typeof runConformance !== "function") throw new Error("no kit");
console.log("loaded");
const manifest = createRequire(import.meta.url).resolve("@deploy/cli/package.json");
const { bin } = createRequire(import.meta.url)("@deploy/cli/package.json");
const argv = [...process.execArgv, join(dirname(manifest), bin.deploy), "--version"];
const { stdout, stderr, status } = spawnSync(process.execPath, argv, { encoding: "utf8" });
if (status !== 0) throw new Error(stderr);
console.log(stdout.trim().replace(/^\\D*/, "").split(" ")[0]);
`;

/** @param {Readonly<Record<string, string>>} tarballs */
export function fileDependencies(tarballs) {
  return Object.fromEntries(Object.entries(tarballs).map(([name, path]) => [name, `file:${path}`]));
}

/** Yarn does not read npm's settings. */
function registryFor() {
  const { npm_config_registry, NODE_EXTRA_CA_CERTS } = process.env;
  return {
    ...(npm_config_registry === undefined ? {} : { YARN_NPM_REGISTRY_SERVER: npm_config_registry }),
    ...(NODE_EXTRA_CA_CERTS === undefined ? {} : { YARN_HTTPS_CA_FILE_PATH: NODE_EXTRA_CA_CERTS }),
  };
}
