import { readdir, readFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import { dirname, join, relative, resolve, sep } from "node:path";
import ts from "typescript";
import { refuseCode } from "./forbidden-code.mjs";

/**
 * The dependency rule: who may import whom in this repository.
 *
 * @typedef {{ readonly file: string, readonly line: number, readonly message: string }} Violation
 * @typedef {"static" | "dynamic" | "type"} ImportKind
 */

/** Folders of packages that implement an element for one vendor. */
const PROVIDER = /^(?:provider|dns|ssl|secrets)-/;

/** Files that are not shipped: they may use test libraries and build tools, and any provider. */
const UNSHIPPED =
  /(?:\.test\.ts|\.test-d\.ts|\.test-helper\.ts)$|(?:^|\/)(?:test|testing|bench)\/|^[\w.]+\.config\.ts$/;

/** What is made for tests and tests nothing itself, below the directory of all packages. */
const SUPPORT = /^[a-z0-9-]+\/(?:test\/support|src\/(?:[\w-]+\/)*testing)\//;

const BUILT_IN = new Set(builtinModules);

/**
 * Reads every TypeScript and JavaScript source under `packages` and answers with what breaks the rule.
 *
 * @param {string} packages Directory that holds one directory per package.
 * @returns {Promise<{ files: number, violations: Violation[] }>}
 */
export async function checkDependencyRule(packages) {
  /** @type {Violation[]} */
  const violations = [];
  let files = 0;
  for (const name of (await readdir(packages)).sort()) {
    const root = join(packages, name);
    const manifest = await readManifest(root);
    if (manifest === undefined) continue;
    violations.push(...checkManifest(name, manifest));
    for (const file of await sources(root)) {
      files++;
      violations.push(...checkSource({ packages, name, file, text: await readFile(file, "utf8") }));
    }
  }
  return { files, violations };
}

/**
 * Checks one file.
 *
 * @param {{ packages: string, name: string, file: string, text: string }} source
 * @returns {Violation[]}
 */
export function checkSource({ packages, name, file, text }) {
  const root = join(packages, name);
  const isTest = UNSHIPPED.test(relative(root, file).split(sep).join("/"));
  const tree = ts.createSourceFile(file, text, ts.ScriptTarget.ESNext, true);
  const shown = relative(resolve(packages, ".."), file).split(sep).join("/");
  /** @type {Violation[]} */
  const violations = [];
  const report = (/** @type {ts.Node} */ node, /** @type {string} */ message) => {
    const { line } = tree.getLineAndCharacterOfPosition(node.getStart(tree));
    violations.push({ file: shown, line: line + 1, message });
  };

  const visit = (/** @type {ts.Node} */ node) => {
    const imported = importOf(node);
    if (imported !== undefined) {
      const message = refuseImport({ packages, name, root, file, isTest, ...imported });
      if (message !== undefined) report(node, message);
    }
    const message = refuseCode(node, isTest);
    if (message !== undefined) report(node, message);
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return violations;
}

/**
 * What a node imports, if it imports anything.
 *
 * @param {ts.Node} node
 * @returns {{ specifier: string, kind: ImportKind } | undefined}
 */
function importOf(node) {
  if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
    return { specifier: node.moduleSpecifier.text, kind: isTypeOnly(node.importClause) ? "type" : "static" };
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
    if (!ts.isStringLiteral(node.moduleSpecifier)) return undefined;
    return { specifier: node.moduleSpecifier.text, kind: node.isTypeOnly ? "type" : "static" };
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
    const { literal } = node.argument;
    return ts.isStringLiteral(literal) ? { specifier: literal.text, kind: "type" } : undefined;
  }
  if (ts.isCallExpression(node)) {
    const [argument] = node.arguments;
    if (argument === undefined || !ts.isStringLiteralLike(argument)) return undefined;
    if (node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      return { specifier: argument.text, kind: "dynamic" };
    }
    if (ts.isIdentifier(node.expression) && node.expression.text === "require") {
      return { specifier: argument.text, kind: "static" };
    }
  }
  return undefined;
}

/**
 * `import type x`, or `import { type a, type b }`, which `verbatimModuleSyntax` keeps as an import without names:
 * that one does load the module.
 *
 * @param {ts.ImportClause | undefined} clause
 */
function isTypeOnly(clause) {
  return clause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
}

/**
 * Why `name` may not import `specifier`; undefined when it may.
 *
 * @param {{ packages: string, name: string, root: string, file: string, isTest: boolean, specifier: string, kind: ImportKind }} request
 * @returns {string | undefined}
 */
function refuseImport({ packages, name, root, file, isTest, specifier, kind }) {
  if (specifier.startsWith(".")) {
    const target = resolve(dirname(file), specifier);
    // What only builds and tests use lies in one place, and is shipped by nobody.
    const tools = resolve(packages, "../scripts/lib") + sep;
    if (isTest && target.startsWith(tools)) return undefined;
    // The command exports nothing; its exit codes are what tests of providers judge errors by.
    if (isTest && target === resolve(packages, "cli/src/exit-codes.js")) return undefined;
    // What one package has made for its tests (emulators of a vendor, a vendor in memory, a home of its own) is for the
    // tests of all.
    if (isTest && SUPPORT.test(relative(packages, target).split(sep).join("/"))) return undefined;
    if (target !== root && !target.startsWith(root + sep)) {
      return `"${specifier}" leaves the package: import another package by its name`;
    }
    const inside = relative(root, target).split(sep).join("/").replace(/\.js$/, ".ts");
    if (!isTest && kind !== "type" && UNSHIPPED.test(inside)) return `"${specifier}" is a file of the tests`;
    return undefined;
  }
  if (specifier.startsWith("node:")) return undefined;
  if (BUILT_IN.has(specifier)) return `write "node:${specifier}"`;
  const [scope = "", folder = ""] = specifier.split("/");
  if (scope !== "@deploy") {
    if (name === "core" && !isTest) return `@deploy/core has no dependencies, and imports "${specifier}"`;
    return undefined;
  }
  if (isTest || folder === name) return undefined;
  return refuseHouse(name, folder, kind);
}

/**
 * The table of who may import whom in `@deploy`.
 *
 * @param {string} name
 * @param {string} folder
 * @param {ImportKind} kind
 * @returns {string | undefined}
 */
function refuseHouse(name, folder, kind) {
  if (name === "core") return `@deploy/core imports nothing of the house, and here @deploy/${folder}`;
  if (folder === "core") return undefined;
  if (name === "cli" && (folder === "provider-local" || folder === "console")) {
    if (kind !== "static") return undefined;
    return `@deploy/cli may load @deploy/${folder} only where it is used: await import("@deploy/${folder}")`;
  }
  if (PROVIDER.test(folder))
    return `nobody imports a provider (@deploy/${folder}) but the user's configuration`;
  return `@deploy/${name} may import @deploy/core only, and here @deploy/${folder}`;
}

/**
 * The same rule for what `package.json` asks npm to install.
 *
 * @param {string} name
 * @param {Record<string, Record<string, string> | undefined>} manifest
 * @returns {Violation[]}
 */
function checkManifest(name, manifest) {
  /** @type {Violation[]} */
  const violations = [];
  for (const field of ["dependencies", "peerDependencies", "optionalDependencies"]) {
    for (const dependency of Object.keys(manifest[field] ?? {})) {
      const message = refuseDependency(name, field, dependency);
      if (message !== undefined) violations.push({ file: `packages/${name}/package.json`, line: 1, message });
    }
  }
  return violations;
}

/**
 * @param {string} name
 * @param {string} field
 * @param {string} dependency
 * @returns {string | undefined}
 */
function refuseDependency(name, field, dependency) {
  if (name === "core") return `@deploy/core has no dependencies, and lists ${dependency} in ${field}`;
  const [scope, folder = ""] = dependency.split("/");
  if (scope !== "@deploy") return undefined;
  if (PROVIDER.test(name) && field !== "peerDependencies")
    return `${dependency} belongs into peerDependencies`;
  return refuseHouse(name, folder, "dynamic");
}

/**
 * @param {string} root
 * @returns {Promise<Record<string, Record<string, string> | undefined> | undefined>}
 */
async function readManifest(root) {
  try {
    return JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  } catch (thrown) {
    if (
      thrown instanceof Error &&
      "code" in thrown &&
      (thrown.code === "ENOENT" || thrown.code === "ENOTDIR")
    )
      return;
    throw thrown;
  }
}

/**
 * @param {string} root
 * @returns {Promise<string[]>}
 */
async function sources(root) {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && /\.[cm]?[tj]sx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter(
      (file) =>
        !/(?:^|\/)(?:node_modules|dist|\.turbo|coverage)\//.test(relative(root, file).split(sep).join("/")),
    )
    .sort();
}
