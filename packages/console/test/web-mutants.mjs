/**
 * Faults of the pages.
 *
 * @type {readonly import("../../../scripts/lib/mutant-plugin.mjs").Mutant[]}
 */
export const WEB_MUTANTS = [
  {
    rule: "a page shows what vendors say without neutralising it",
    file: "packages/console/src/web/parts/plain.ts",
    find: 'neutralised(line.endsWith("\\r") ? line.slice(0, -1) : line)',
    replace: "line",
    tests: ["packages/console/src/web/parts/parts.test.ts"],
  },
  {
    rule: "an event of a run that comes by two ways counts twice",
    file: "packages/console/src/web/parts/progress.ts",
    find: "    if (number <= last) continue;\n",
    replace: "",
    tests: ["packages/console/src/web/parts/progress.test.ts"],
  },
  {
    rule: "a socket whose right has ended is opened again and again",
    file: "packages/console/src/web/parts/reconnecting-socket.ts",
    find: " || event.code === 1008",
    replace: "",
    tests: ["packages/console/src/web/parts/browser.test.ts"],
  },
  {
    rule: "a certificate that has expired is no grave matter",
    file: "packages/console/src/web/parts/days-left.ts",
    find: 'if (days < 3) return "bad";',
    replace: 'if (days >= 0 && days < 3) return "bad";',
    tests: ["packages/console/src/web/parts/parts.test.ts"],
  },
];
