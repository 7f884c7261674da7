import { cpSync, existsSync, mkdirSync, realpathSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { run } from "./program.mjs";

const packages = fileURLToPath(new URL("../../..", import.meta.url));
const copied = ["core", "provider-local", "cli"];

/**
 * Copies the built packages into `directory` as npm would install them: a test that runs for minutes must not see them
 * built anew. Waits a minute for a build that is under way.
 *
 * @returns the path of the command's file, and that of the packages.
 */
export async function installPackages(directory) {
  const place = join(directory, "packages");
  for (let tries = 1; ; tries += 1) {
    try {
      return await install(directory, place);
    } catch (error) {
      if (tries >= 30) throw new Error(`the packages are not built (npm run build): ${error.message}`);
      await sleep(2000);
    }
  }
}

async function install(directory, place) {
  for (const name of copied) {
    for (const part of ["package.json", "dist"])
      cpSync(join(packages, name, part), join(place, name, part), { recursive: true, force: true });
    link(join(place, name), join(directory, "node_modules", "@deploy", name));
  }
  const require = createRequire(join(realpathSync(join(packages, "cli")), "package.json"));
  link(join(require.resolve("jiti/package.json"), ".."), join(directory, "node_modules", "jiti"));
  const command = join(place, "cli", "dist", "deploy.js");
  const { code, output } = await run([process.execPath, command, "--version"]);
  const supervisor = join(place, "provider-local", "dist", "supervisor.js");
  if (code !== 0 || !existsSync(supervisor)) throw new Error(output || "there is no supervisor.js");
  return { command, packages: place };
}

function link(target, path) {
  mkdirSync(join(path, ".."), { recursive: true });
  if (!existsSync(path)) symlinkSync(target, path);
}

/** Loads the chaos kit from its sources, whether or not its package has been built. */
export async function loadChaosKit(directory) {
  const { build } = await import("esbuild");
  const outfile = join(directory, "chaos.mjs");
  await build({
    entryPoints: [join(packages, "conformance", "src", "chaos", "index.ts")],
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    outfile,
    logLevel: "silent",
  });
  return import(outfile);
}
