import { fileURLToPath } from "node:url";
import { Application, ReflectionKind } from "typedoc";
import { providerFolders } from "./lib/package-rules.mjs";
import { ROOT } from "./lib/run.mjs";
import { emptyTally, tallyLine } from "./lib/tally.mjs";

/*
 * `npm run docs`: the API reference of the packages that are imported, from their doc comments, into docs/api: core, the
 * console, the conformance kit, and each provider. Fails when an exported symbol or a method has no doc comment, when one is used and not exported, or when a link leads nowhere. Ends with
 * `N passed, N failed, N skipped`, one for each entry point. `--check` writes nothing.
 */

const ENTRY_POINTS = {
  "@deploy/core": "packages/core/src/index.ts",
  "@deploy/console": "packages/console/src/index.ts",
  "@deploy/console/access": "packages/console/src/provider/index.ts",
  "@deploy/conformance": "packages/conformance/src/index.ts",
  "@deploy/conformance/vitest": "packages/conformance/src/vitest.ts",
  ...Object.fromEntries(
    (await providerFolders(`${ROOT}packages`)).map((name) => [
      `@deploy/${name}`,
      `packages/${name}/src/index.ts`,
    ]),
  ),
};

const application = await Application.bootstrap({
  name: "Deploy",
  tsconfig: fileURLToPath(new URL("api-reference/tsconfig.json", import.meta.url)),
  entryPoints: Object.values(ENTRY_POINTS).map((path) => `${ROOT}${path}`),
  out: `${ROOT}docs/api`,
  readme: "none",
  disableGit: true,
  sourceLinkTemplate: "../../{path}#L{line}",
  basePath: ROOT,
  displayBasePath: ROOT,
  excludeExternals: true,
  excludePrivate: true,
  // Exported symbols and the methods of their types. Without the list of packages nothing at all would be looked at.
  requiredToBeDocumented: ["Class", "Enum", "Function", "Interface", "Method", "TypeAlias", "Variable"],
  packagesRequiringDocumentation: Object.keys(ENTRY_POINTS).filter((name) => name.split("/").length === 2),
  validation: { notExported: true, invalidLink: true, rewrittenLink: true, notDocumented: true },
});
const tally = emptyTally();
const project = await application.convert();
if (project === undefined) tally.failed += 1;
else {
  for (const [name, path] of Object.entries(ENTRY_POINTS)) {
    const module = project.children?.find(({ sources }) =>
      sources?.some(({ fileName }) => fileName === path),
    );
    if (module !== undefined) module.name = name;
    const symbols = (module?.children ?? []).filter((one) => !one.kindOf(ReflectionKind.Reference));
    const bare = symbols.filter((one) => !isDocumented(one)).map((one) => one.name);
    const passed = symbols.length > 0 && bare.length === 0;
    tally[passed ? "passed" : "failed"] += 1;
    console.log(
      `${passed ? "✔" : "✖"} ${name}: ${symbols.length} exported symbols, without a doc comment: ${bare.join(", ") || "none"}`,
    );
  }
  application.validate(project);
  const { warnings, errors } = {
    warnings: application.logger.validationWarningCount,
    errors: application.logger.errorCount,
  };
  if (warnings + errors > 0) tally.failed += 1;
  if (!process.argv.includes("--check")) await application.generateOutputs(project);
}
console.log(tallyLine(tally));
process.exitCode = tally.failed > 0 ? 1 : 0;

/**
 * A function's comment belongs to its signatures, a function type's to the alias.
 *
 * @param {import("typedoc").DeclarationReflection} symbol
 */
function isDocumented(symbol) {
  if (symbol.hasComment()) return true;
  const signatures = symbol.signatures ?? [];
  return signatures.length > 0 && signatures.every((signature) => signature.hasComment());
}
