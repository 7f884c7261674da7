import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { undeclaredImports } from "./lib/imports-of-built-files.mjs";
import { checkFiles, checkManifest, packageFolders } from "./lib/package-rules.mjs";
import { ROOT, run, tool } from "./lib/run.mjs";

/*
 * `npm run check:packages`: every package as `npm pack` makes it. Its files are what it promises and no more, its size
 * is within its budget, its manifest has what npm needs, what it imports is what it declares, and publint and
 * arethetypeswrong (ESM only) find nothing.
 */

const directory = await mkdtemp(join(tmpdir(), "deploy-packages-"));
let failures = 0;
try {
  for (const name of await packageFolders(join(ROOT, "packages"))) failures += await checkPackage(name);
} finally {
  await rm(directory, { recursive: true, force: true });
}
process.exitCode = failures > 0 ? 1 : 0;

/**
 * @param {string} name
 * @returns {Promise<number>} How many problems it has.
 */
async function checkPackage(name) {
  const root = join(ROOT, "packages", name);
  const manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  if (manifest.private === true) return 0;
  const packed = await pack(root);
  const tarball = join(directory, packed.filename);
  const problems = [
    ...checkManifest(name, manifest),
    ...checkFiles(name, manifest, packed),
    ...(await checkBin(root, manifest)),
    ...(await undeclaredImports(root, manifest)),
    ...(await lint(tarball)),
    ...(manifest.exports?.["."] === undefined ? [] : await checkTypes(tarball)),
  ];
  const size = `${(packed.size / 1e3).toFixed(0)} kB packed, ${(packed.unpackedSize / 1e6).toFixed(2)} MB installed`;
  console.log(`${manifest.name} ${manifest.version}: ${packed.files.length} files, ${size}`);
  for (const problem of problems) console.error(`  ✖ ${problem}`);
  return problems.length;
}

/**
 * @param {string} root
 * @returns {Promise<import("./lib/package-rules.mjs").Packed>}
 */
async function pack(root) {
  const argv = ["pack", "--json", "--ignore-scripts", `--pack-destination=${directory}`];
  const { code, stdout, output } = await run(["npm", ...argv], { cwd: root });
  if (code !== 0) throw new Error(`npm pack failed in ${root}:\n${output}`);
  return JSON.parse(stdout)[0];
}

/**
 * @param {string} root
 * @param {{ bin?: Record<string, string> }} manifest
 */
async function checkBin(root, manifest) {
  const problems = [];
  for (const file of Object.values(manifest.bin ?? {})) {
    const text = await readFile(join(root, file), "utf8").catch(() => "");
    if (!text.startsWith("#!/usr/bin/env node\n"))
      problems.push(`${file} does not begin with #!/usr/bin/env node`);
  }
  return problems;
}

/** @param {string} tarball */
async function lint(tarball) {
  const bytes = await readFile(tarball);
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const { messages, pkg } = await publint({ strict: true, pack: { tarball: buffer } });
  return messages
    .filter((message) => !isOfTemplate(message))
    .map((message) => `publint: ${formatMessage(message, pkg, { color: false })}`);
}

/** @param {string} tarball */
async function checkTypes(tarball) {
  const argv = [tarball, "--profile", "esm-only", "--no-color", "--no-emoji"];
  const { code, output } = await run([tool("attw"), ...argv]);
  return code === 0 ? [] : [`arethetypeswrong:\n${output.trim()}`];
}

/**
 * What `deploy provider new` copies has a manifest of its own, which is for the copy.
 *
 * @param {import("publint").Message} message
 */
function isOfTemplate(message) {
  return (
    message.code === "NESTED_PACKAGE_JSON_FIELD_IGNORED" &&
    message.args.filePath.startsWith("./dist/templates/")
  );
}
