const store = (name) => `packages/console/src/store/${name}`;
const tests = (...names) => names.map((name) => store(`${name}.test.ts`));

/**
 * Faults of the store of lines.
 *
 * @type {readonly import("../../../scripts/lib/mutant-plugin.mjs").Mutant[]}
 */
export const STORE_MUTANTS = [
  {
    rule: "lines are acknowledged before they are on disk",
    file: store("writer.ts"),
    find: "      await open.file!.write(bytes, open.length);\n      await open.file!.sync();",
    replace: "      await open.file!.write(bytes, open.length);\n      void open.file!.sync();",
    tests: tests("store"),
  },
  {
    rule: "what a failed write has left is not cut before the next one",
    file: store("writer.ts"),
    find: "    await segment.file.truncate(segment.length);\n",
    replace: "",
    tests: tests("damage"),
  },
  {
    rule: "a line that is in a block and in its segment counts twice",
    file: store("recover.ts"),
    find: "if (line.seq >= known) addLine(segment, line);",
    replace: "addLine(segment, line);",
    tests: tests("damage"),
  },
  {
    rule: "a number that was cut is given out again",
    file: store("recover.ts"),
    find: "next = Math.max(next, first, free);",
    replace: "next = Math.max(next, (segment.lines.at(-1)?.seq ?? 0) + 1);",
    tests: tests("store", "damage"),
  },
  {
    rule: "a damaged block is read as it is",
    file: store("block.ts"),
    find: "if (bytes.length !== length || crc32(bytes) !== checksum) throw new DamagedBlock();",
    replace: "if (bytes.length !== length) throw new DamagedBlock();",
    tests: tests("damage"),
  },
  {
    rule: "retention goes by what processes say the time is",
    file: store("stream.ts"),
    find: "header.storedAt ?? 0;",
    replace: "header.maxTime ?? 0;",
    tests: tests("store"),
  },
  {
    rule: "a regular expression is taken to need what is optional in it",
    file: store("required-bytes.ts"),
    find: 'char === "*") return { least: 0,',
    replace: 'char === "*") return { least: 1,',
    tests: tests("search-plan"),
  },
  {
    rule: "of the alternatives of a regular expression only those before the last are looked for",
    file: store("required-bytes.ts"),
    find: "  close([]);\n  return alternatives;",
    replace: "  close([]);\n  return alternatives.slice(0, Math.max(1, alternatives.length - 1));",
    tests: tests("search-plan"),
  },
  {
    rule: "the search for bytes steps over a place where they are",
    file: store("find-bytes.ts"),
    find: "Math.min(longest, last - 1 - index)",
    replace: "Math.min(longest, last - index)",
    tests: tests("search-plan"),
  },
  {
    rule: "what lies across the middle of a block is not found",
    file: store("find-bytes.ts"),
    find: "let second = middle;",
    replace: "let second = middle + 1;",
    tests: tests("search-plan"),
  },
  {
    rule: "lines beyond ASCII are searched by their bytes alone, whatever their case",
    file: store("scan.ts"),
    find: "header.odd.length > 0 || plan.folded ?",
    replace: "header.odd.length > 0 ?",
    tests: tests("model"),
  },
];
