/**
 * One deliberate fault per rule that could rot unnoticed, and the tests that have to notice: `npm run mutants`.
 *
 * @type {readonly import("../../../scripts/lib/mutant-plugin.mjs").Mutant[]}
 */
export const MUTANTS = [
  {
    rule: "an API token may reveal secrets",
    file: "packages/console/src/access/actions.ts",
    find: '"secrets.reveal": { scope: "app", role: "operator", token: false }',
    replace: '"secrets.reveal": { scope: "app", role: "operator", token: true }',
    tests: ["packages/console/src/access/actions.test.ts"],
  },
  {
    rule: "the overview shows apps that the caller may not see",
    file: "packages/console/src/apps/overview.ts",
    find: "return all.filter(({ app }) => may.has(app));",
    replace: "return all;",
    tests: ["packages/console/src/http/routes/apps.test.ts"],
  },
  {
    rule: "problems of configuration files are shown to everybody",
    file: "packages/console/src/apps/overview.ts",
    find: "problems: everything ? services.apps.problems() : []",
    replace: "problems: services.apps.problems()",
    tests: ["packages/console/src/http/routes/apps.test.ts"],
  },
  {
    rule: "patterns of environments are shown to everybody",
    file: "packages/console/src/apps/overview.ts",
    find: "patterns: patterns.filter(({ app }) => may.has(app))",
    replace: "patterns",
    tests: ["packages/console/src/http/routes/apps.test.ts"],
  },
  {
    rule: "a protected environment is changed without its name",
    file: "packages/console/src/apps/operations.ts",
    find: "if (!deployer.environment.protected || confirm === environment) return;",
    replace: "return;",
    tests: ["packages/console/src/http/routes/apps.test.ts"],
  },
  {
    rule: "a call that hangs is made again and again",
    file: "packages/console/src/apps/cached-read.ts",
    find: "if (hanging !== undefined && now() - hanging.since < hangMs) return Promise.resolve();",
    replace: "",
    tests: ["packages/console/src/apps/states.test.ts"],
  },
  {
    rule: "a vendor that asked for less is asked on",
    file: "packages/console/src/apps/states.ts",
    find: "if (!isThrottled(error)) return;",
    replace: "return;",
    tests: ["packages/console/src/apps/states.test.ts"],
  },
  {
    rule: "a vendor's 401 ends the session in the browser",
    file: "packages/console/src/apps/provider-failure.ts",
    find: "details: { status: statusOf(code) },",
    replace: "details: toDeployError(thrown).details,",
    tests: ["packages/console/src/http/routes/apps.test.ts"],
  },
  {
    rule: "an app takes the name of another one",
    file: "packages/console/src/apps/registry.ts",
    find: "loaded.app.name === app.app.name) ? 0 : 1;",
    replace: "loaded.app.name === app.app.name) ? 1 : 0;",
    tests: ["packages/console/src/apps/registry.test.ts"],
  },
  {
    rule: "a broken file takes its app away",
    file: "packages/console/src/apps/registry.ts",
    find: "known = [...fresh, ...staying];",
    replace: "known = fresh;",
    tests: ["packages/console/src/apps/registry.test.ts"],
  },
  {
    rule: "a failure at a provider is forgotten",
    file: "packages/console/src/apps/vendor-access.ts",
    find: "failed: { action, trouble, at: now(), ...(everywhere === undefined ? {} : { everywhere }) },",
    replace: "",
    tests: ["packages/console/src/http/routes/apps.test.ts"],
  },
  {
    rule: "a role that the provider does not know leaves the one before",
    file: "packages/console/src/apps/vendor-access.ts",
    find: "if (role !== undefined && !fits && known?.given === undefined) {",
    replace: "if (role !== undefined && !fits) {",
    tests: ["packages/console/src/http/routes/apps.test.ts"],
  },
];
