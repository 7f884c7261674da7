import { FEED_MUTANTS } from "./feed-mutants.mjs";

const store = (name) => `packages/console/src/store/${name}`;
const tests = (...names) => names.map((name) => store(`${name}.test.ts`));

/**
 * Faults of the store of lines, and of what brings them into it.
 *
 * @type {readonly import("../../../scripts/lib/mutant-plugin.mjs").Mutant[]}
 */
export const STORE_MUTANTS = [
  ...FEED_MUTANTS,
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
    tests: tests("full-disk"),
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
    tests: tests("retention", "damage"),
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
    tests: tests("retention"),
  },
  {
    rule: "what is older than it may be is kept",
    file: store("stream.ts"),
    find: "if (storedAt >= cutoff && bytesUsed() <= limits.bytes) return;",
    replace: "if (bytesUsed() <= limits.bytes) return;",
    tests: tests("retention"),
  },
  {
    rule: "more is kept than there may be",
    file: store("stream.ts"),
    find: "if (storedAt >= cutoff && bytesUsed() <= limits.bytes) return;",
    replace: "if (storedAt >= cutoff) return;",
    tests: tests("retention"),
  },
  {
    rule: "the bytes that are said to be kept leave out what is not compressed yet",
    file: store("stream.ts"),
    find: "[...content.sealing, content.open].reduce((sum, segment) => sum + segment.length, 0);",
    replace: "0;",
    tests: tests("retention"),
  },
  {
    rule: "the cursor is not in the record of its lines",
    file: store("writer.ts"),
    find: "checkpoint === undefined ? {} : { [checkpoint.source]: checkpoint.cursor };",
    replace: "{};",
    tests: tests("store"),
  },
  {
    rule: "cursors in the open segment are not read back",
    file: store("recover.ts"),
    find: "      checkpoints = { ...checkpoints, ...record.checkpoints };\n",
    replace: "",
    tests: tests("store"),
  },
  {
    rule: "cursors of sources that are silent are forgotten with their segment",
    file: store("writer.ts"),
    find: "storedAt: context.now(), lines: [], checkpoints: content.checkpoints },",
    replace: "storedAt: context.now(), lines: [], checkpoints: {} },",
    tests: tests("damage"),
  },
  {
    rule: "a damaged record is read as it is",
    file: store("record.ts"),
    find: "if (content.length !== header.length || crc32(content) !== header.checksum) return undefined;",
    replace: "if (content.length !== header.length) return undefined;",
    tests: tests("damage"),
  },
  {
    rule: "what a crash has cut at the end of a segment is told as damage",
    file: store("record.ts"),
    find: "  return { records, length, damaged, next };",
    replace: "  return { records, length, damaged: damaged || skipped, next };",
    tests: tests("damage"),
  },
  {
    rule: "a store that is damaged is written on, and nobody is told",
    file: store("stream.ts"),
    find: "  if (damage.length > 0) tellDamage(damage);\n",
    replace: "",
    tests: tests("damage"),
  },
  {
    rule: "a store that is full says nothing",
    file: store("writer.ts"),
    find: "    health.set(writing, problemOf(error, what));\n",
    replace: "",
    tests: tests("full-disk"),
  },
  {
    rule: "a segment goes before its blocks are on disk",
    file: store("sealer.ts"),
    find: "        await handle.sync();\n",
    replace: "",
    tests: tests("damage"),
  },
  {
    rule: "a lock that is no database keeps the store from opening",
    file: store("lock.ts"),
    find: "  if ((await file.stat()).size > 0) await file.truncate(0);\n",
    replace: "",
    tests: tests("damage"),
  },
  {
    rule: "two processes write to one store",
    file: store("lock.ts"),
    find: 'client.transaction("write")',
    replace: 'client.transaction("read")',
    tests: tests("store"),
  },
  {
    rule: "one line whose clock was wrong moves a moment",
    file: store("reader.ts"),
    find: "      if (sum + leap.least < least) {",
    replace: "      if (sum + leap.least < least && seq === Number.NEGATIVE_INFINITY) {",
    tests: tests("clock", "model"),
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
