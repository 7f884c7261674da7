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
  {
    rule: "a line that comes twice is shown twice",
    file: "packages/console/src/web/logs/window.ts",
    find: "if (line.seq <= highest) continue;",
    replace: "if (line.seq < highest) continue;",
    tests: ["packages/console/src/web/logs/window.test.ts"],
  },
  {
    rule: "text turns the line round: bidi characters are let through",
    file: "packages/console/src/web/logs/neutralise.ts",
    find: "\\u2028-\\u202e",
    replace: "",
    tests: ["packages/console/src/web/logs/text.test.ts"],
  },
  {
    rule: "escape sequences and control characters are let through",
    file: "packages/console/src/web/logs/neutralise.ts",
    find: "\\u0000-\\u0008\\u000a-\\u001f",
    replace: "",
    tests: ["packages/console/src/web/logs/text.test.ts"],
  },
  {
    rule: "an exception that was caused by another is folded apart from it",
    file: "packages/console/src/web/logs/tracebacks.ts",
    find: "if (CHAIN.test(text)) {",
    replace: "if (false) {",
    tests: ["packages/console/src/web/logs/tracebacks.test.ts"],
  },
  {
    rule: "a viewer that was too slow never sees the newest lines, when nothing comes behind them",
    file: "packages/console/src/live/viewer.ts",
    find: "      await sendSlowly(end);\n",
    replace: "",
    tests: ["packages/console/src/live/viewer.test.ts"],
    only: "sent the end",
  },
  {
    rule: "a viewer is sent again what it has",
    file: "packages/console/src/live/viewer.ts",
    find: "const lines = held.filter(({ seq }) => seq > last);",
    replace: "const lines = held;",
    tests: ["packages/console/src/live/viewer.test.ts"],
  },
];
