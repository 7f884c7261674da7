import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";

/**
 * What a published package must and must not hold.
 *
 * @typedef {object} Packed What `npm pack --json` says.
 * @property {string} filename
 * @property {number} size
 * @property {number} unpackedSize
 * @property {{ path: string }[]} files
 *
 * @typedef {object} Manifest
 * @property {string} name
 * @property {string} [version]
 * @property {string} [description]
 * @property {string} [license]
 * @property {string} [type]
 * @property {boolean} [sideEffects]
 * @property {Record<string, string>} [engines]
 * @property {Record<string, string>} [bin]
 * @property {Record<string, string | Record<string, string>>} [exports]
 * @property {Record<string, string>} [dependencies]
 * @property {Record<string, string>} [peerDependencies]
 * @property {Record<string, string>} [optionalDependencies]
 * @property {{ access?: string, provenance?: boolean }} [publishConfig]
 */

/**
 * The packages, by folder; what is no package has no manifest.
 *
 * @param {string} directory
 */
export async function packageFolders(directory) {
  const folders = await readdir(directory);
  return folders.filter((name) => existsSync(join(directory, name, "package.json"))).sort();
}

/**
 * The packages that a configuration file imports, by folder: the providers, those of DNS too.
 *
 * @param {string} directory
 */
export async function providerFolders(directory) {
  const folders = await packageFolders(directory);
  return folders.filter(
    (name) => /^(?:provider|dns)-/.test(name) && existsSync(join(directory, name, "src/index.ts")),
  );
}

/** Bytes when installed. The local provider's supervisor carries its libraries in one file, so that it runs from anywhere. */
const BUDGETS = /** @type {Record<string, number>} */ ({
  cli: 400_000,
  conformance: 400_000,
  // The browser's part included, with its terminal.
  console: 2_000_000,
  // The walk through DNS and its decisions included.
  core: 550_000,
  // The SDK's DNS and zone endpoints only; the client of Route 53; an XML parser.
  "dns-cloudflare": 1_000_000,
  "dns-route53": 1_000_000,
  "dns-namecheap": 300_000,
  // AWS's clients, one chunk each.
  "provider-ecs": 8_000_000,
  // heroku-client, execa, yaml, ignore and pg, one chunk each.
  "provider-heroku": 1_000_000,
  "provider-local": 2_000_000,
});
const DEFAULT_BUDGET = 500_000;

/**
 * @param {string} folder
 * @param {Manifest} manifest
 * @returns {string[]}
 */
export function checkManifest(folder, manifest) {
  const problems = [];
  const expected = {
    name: `@deploy/${folder}`,
    license: "MIT",
    type: "module",
    sideEffects: false,
    "engines.node": ">=20.19",
    "publishConfig.access": "public",
    "publishConfig.provenance": true,
  };
  for (const [path, value] of Object.entries(expected)) {
    const found = path.split(".").reduce((/** @type {any} */ part, key) => part?.[key], manifest);
    if (found !== value)
      problems.push(`package.json: ${path} is ${JSON.stringify(found)}, not ${JSON.stringify(value)}`);
  }
  if (!manifest.description?.endsWith(".")) problems.push("package.json: description is no sentence");
  for (const field of /** @type {const} */ (["dependencies", "peerDependencies", "optionalDependencies"])) {
    const names = Object.keys(manifest[field] ?? {});
    if (folder === "core" && names.length > 0) problems.push(`core has ${field}: ${names.join(", ")}`);
  }
  return problems;
}

/**
 * @param {string} folder
 * @param {Manifest} manifest
 * @param {Packed} packed
 * @returns {string[]}
 */
export function checkFiles(folder, manifest, packed) {
  const paths = packed.files.map(({ path }) => path);
  const promised = [
    ...Object.values(manifest.bin ?? {}),
    ...Object.values(manifest.exports ?? {}).flatMap(targets),
  ];
  const required = ["README.md", "LICENSE", ...promised.map((path) => path.replace(/^\.\//, ""))];
  const problems = required
    .filter((path) => !paths.includes(path))
    .map((path) => `${path} is not in the package`);
  for (const path of paths) {
    // Sources on purpose: what `deploy provider new` copies.
    if (path.startsWith("dist/templates/")) continue;
    const isWanted =
      /^(?:dist\/.*\.(?:c?js|d\.ts|json)|dist\/public\/.*\.(?:html|css|svg)|dist\/THIRD-PARTY-NOTICES|README\.md|LICENSE|Dockerfile|package\.json)$/.test(
        path,
      );
    if (!isWanted || /\.test\.|test-helper|fixture/.test(path))
      problems.push(`${path} has no place in the package`);
  }
  const budget = BUDGETS[folder] ?? DEFAULT_BUDGET;
  if (packed.unpackedSize >= budget)
    problems.push(`${packed.unpackedSize} bytes installed, the budget is ${budget}`);
  return problems;
}

/**
 * @param {string | Record<string, string>} entry
 * @returns {string[]}
 */
function targets(entry) {
  return typeof entry === "string" ? [entry] : Object.values(entry);
}
