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
];
