import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const faults = new URL("./mutants.mjs", import.meta.url);
const { MUTANTS }: { readonly MUTANTS: readonly { readonly rule: string }[] } = await import(faults.href);

/** What stands in README.md beside this file is there: each test by its name, each fault by its rule. */
describe("the table of flows in README.md", () => {
  const page = readFileSync(new URL("README.md", import.meta.url), "utf8");
  const [, section = ""] = page.split("\n## Flows");
  const rows = [...(section.split("\n## ")[0] ?? "").matchAll(/^\| (.+?) \| `(.+?)`: (.+?) \| (.+?) \|$/gm)];

  it("has a row for each", () => {
    const lines = (section.split("\n## ")[0] ?? "").split("\n").filter((line) => line.startsWith("| "));
    expect(rows).toHaveLength(lines.length - 1);
    expect(rows.length).toBeGreaterThan(0);
  });

  it.each(rows.map(([, flow, file, name, mutants]) => [flow, file, name, mutants] as const))(
    "%s",
    (_flow, file = "", name = "", mutants = "") => {
      expect(readFileSync(new URL(`../${file}`, import.meta.url), "utf8")).toContain(name);
      const known = MUTANTS.map(({ rule }) => rule);
      for (const mutant of mutants.split("; ")) expect(known).toContain(mutant);
    },
  );
});
