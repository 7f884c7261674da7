import { cp, mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT, run, tool } from "./lib/run.mjs";
import { emptyTally, tallyLine } from "./lib/tally.mjs";

/*
 * What a release would publish, without publishing it: the versions that the changesets ask for are made in a copy of the
 * last commit, and each package is listed as npm would pack it. Fails when a package of ours would ask for a version of
 * another that nobody publishes. Needs built packages. Ends with `N passed, N failed, N skipped`.
 */

/**
 * @typedef {object} Manifest
 * @property {string} name
 * @property {string} version
 * @property {boolean} [private]
 * @property {Record<string, string>} [dependencies]
 * @property {Record<string, string>} [peerDependencies]
 */

const directory = await mkdtemp(join(tmpdir(), "deploy-release-"));
const tally = emptyTally();
try {
  const copy = join(directory, "copy");
  await succeed(["git", "clone", "--quiet", "--no-hardlinks", ROOT, copy], ROOT);
  await symlink(join(ROOT, "node_modules"), join(copy, "node_modules"));
  const before = await manifests(copy);
  for (const folder of Object.keys(before)) {
    await cp(join(ROOT, "packages", folder, "dist"), join(copy, "packages", folder, "dist"), {
      recursive: true,
    });
  }
  // Changesets compares with main, which a checkout of a single commit has not got.
  await succeed(["git", "checkout", "--quiet", "-B", "main"], copy);
  console.log((await succeed([tool("changeset"), "status", "--verbose"], copy)).trim());
  await succeed([tool("changeset"), "version"], copy);
  const after = await manifests(copy);
  for (const [folder, manifest] of Object.entries(after)) {
    await report(
      join(copy, "packages", folder),
      before[folder]?.version ?? "",
      manifest,
      Object.values(after),
    );
  }
} catch (thrown) {
  tally.failed++;
  console.log(`✖ ${thrown instanceof Error ? thrown.message : thrown}`);
} finally {
  await rm(directory, { recursive: true, force: true });
}
console.log(tallyLine(tally));
process.exitCode = tally.failed > 0 ? 1 : 0;

/**
 * @param {string} root
 * @param {string} oldVersion
 * @param {Manifest} manifest
 * @param {readonly Manifest[]} all
 */
async function report(root, oldVersion, manifest, all) {
  const [packed] = JSON.parse(
    await succeed(["npm", "pack", "--dry-run", "--json", "--ignore-scripts"], root),
  );
  const problems = rangeProblems(manifest, all);
  if (!packed.files.some((/** @type {{ path: string }} */ { path }) => path.startsWith("dist/"))) {
    problems.push("it is not built");
  }
  tally[problems.length === 0 ? "passed" : "failed"]++;
  const versions =
    oldVersion === manifest.version ? `${oldVersion}, as it is` : `${oldVersion} → ${manifest.version}`;
  const size = `${packed.files.length} files, ${(packed.size / 1e3).toFixed(0)} kB`;
  console.log(`${problems.length === 0 ? "✔" : "✖"} ${manifest.name} ${versions}: ${size}`);
  for (const problem of problems) console.log(`    ${problem}`);
}

/**
 * What a package wants of the others has to be what is published beside it.
 *
 * @param {Manifest} manifest
 * @param {readonly Manifest[]} all
 */
function rangeProblems({ dependencies = {}, peerDependencies = {} }, all) {
  const problems = [];
  for (const { name, version } of all) {
    const range = dependencies[name];
    if (range !== undefined && range !== `^${version}`) {
      problems.push(`it depends on ${name} ${range}, and ${version} is published`);
    }
    const peer = peerDependencies[name];
    if (
      peer !== undefined &&
      !(peer === ">=0.1 <1" && version.startsWith("0.") && !version.startsWith("0.0."))
    ) {
      problems.push(`it wants ${name} ${peer} beside it, and ${version} is published`);
    }
  }
  return problems;
}

/**
 * The packages that are published, by folder.
 *
 * @param {string} root
 * @returns {Promise<Record<string, Manifest>>}
 */
async function manifests(root) {
  /** @type {Record<string, Manifest>} */
  const found = {};
  for (const folder of (await readdir(join(root, "packages"))).sort()) {
    const text = await readFile(join(root, "packages", folder, "package.json"), "utf8").catch(
      () => undefined,
    );
    const manifest = text === undefined ? undefined : JSON.parse(text);
    if (manifest !== undefined && manifest.private !== true) found[folder] = manifest;
  }
  return found;
}

/**
 * @param {readonly [string, ...string[]]} argv
 * @param {string} cwd
 */
async function succeed(argv, cwd) {
  const { code, stdout, output } = await run(argv, { cwd });
  if (code !== 0) throw new Error(`${argv.join(" ")} ended with ${code}:\n${output.trim()}`);
  return stdout;
}
