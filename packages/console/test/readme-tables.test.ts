import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

/** All faults that are made on purpose, by what somebody would report. */
const { MUTANTS } = (await import(new URL("mutants.mjs", import.meta.url).href)) as {
  readonly MUTANTS: readonly { readonly rule: string }[];
};
const known = MUTANTS.map(({ rule }) => rule);
const page = readFileSync(new URL("README.md", import.meta.url), "utf8");

/** A row of a table: what is claimed, the test that judges it, the faults that it has to notice. */
interface Row {
  readonly claim: string;
  readonly file: string;
  readonly test: string;
  readonly mutants: readonly string[];
}

const sectionOf = (title: string): string => page.split(`\n## ${title}\n`)[1]?.split("\n## ")[0] ?? "";

const rowsOf = (title: string): readonly Row[] =>
  [...sectionOf(title).matchAll(/^\| (.+?) \| `(.+?)`: (.+?) \| (.+?) \|$/gm)].map(
    ([, claim = "", file = "", test = "", mutants = ""]) => ({
      ...{ claim, file, test },
      mutants: mutants.split("; "),
    }),
  );

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index + 1);

/** Each table, and the numbers that its claims begin with. */
const TABLES: readonly (readonly [title: string, numbers: readonly number[]])[] = [
  ["Security rules", upTo(10)],
  ["The log page", upTo(25)],
  ["Flows", []],
];

describe.each(TABLES)("%s, in README.md beside this file", (title, numbers) => {
  const rows = rowsOf(title);

  it("has a test and a fault in each row, and a row for each number", () => {
    const lines = sectionOf(title)
      .split("\n")
      .filter((line) => line.startsWith("| "));
    // All but the head.
    expect(rows).toHaveLength(lines.length - 1);
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.map(({ claim }) => Number.parseInt(claim, 10))).toEqual(expect.arrayContaining([...numbers]));
  });

  it.each(rows)("$claim", ({ file, test, mutants }) => {
    expect(readFileSync(new URL(`../${file}`, import.meta.url), "utf8")).toContain(test);
    expect(known).toEqual(expect.arrayContaining([...mutants]));
  });
});
