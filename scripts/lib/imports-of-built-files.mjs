import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import { join } from "node:path";
import ts from "typescript";

const BUILT_IN = new Set(builtinModules);

/**
 * What the built files import and `package.json` does not install: it would be found in this repository, and nowhere
 * else. Development dependencies do not count; they are bundled, or it is a mistake.
 *
 * @param {string} root Of the package.
 * @param {import("./package-rules.mjs").Manifest} manifest
 * @returns {Promise<string[]>}
 */
export async function undeclaredImports(root, manifest) {
  const { name, dependencies, peerDependencies, optionalDependencies } = manifest;
  const declared = new Set([
    name,
    ...[dependencies, peerDependencies, optionalDependencies].flatMap((d) => Object.keys(d ?? {})),
  ]);
  const problems = new Set();
  const dist = join(root, "dist");
  if (!existsSync(dist)) return ["dist is not there: npm run build"];
  for (const entry of await readdir(dist, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/\.(?:c?js|d\.ts)$/.test(entry.name)) continue;
    const text = await readFile(join(entry.parentPath, entry.name), "utf8");
    for (const { fileName } of ts.preProcessFile(text, true, false).importedFiles) {
      const found = packageOf(fileName);
      if (found !== undefined && !declared.has(found))
        problems.add(`${entry.name} imports ${found}, which is not declared`);
    }
  }
  return [...problems];
}

/** @param {string} specifier */
function packageOf(specifier) {
  if (/^(?:\.|\/|node:|file:)/.test(specifier) || BUILT_IN.has(specifier.split("/")[0] ?? ""))
    return undefined;
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}
