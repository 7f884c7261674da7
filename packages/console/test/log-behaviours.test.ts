import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

const { MUTANTS } = (await import(new URL("mutants.mjs", import.meta.url).href)) as {
  readonly MUTANTS: readonly { readonly rule: string }[];
};
const page = readFileSync(new URL("README.md", import.meta.url), "utf8");
const [, section = ""] = page.split("## The log page");
const rows = [...(section.split("\n## ")[0] ?? "").matchAll(/^\| (.+?) \| `(.+?)`: (.+?) \| (.+?) \|$/gm)];

it("the table of the log page in README.md names each of the 25 behaviours", () => {
  const named = new Set(rows.map(([, behaviour = ""]) => Number.parseInt(behaviour, 10)));
  expect([...named]).toEqual(Array.from({ length: 25 }, (_, index) => index + 1));
});

it.each(rows.map(([, behaviour, file, name, mutants]) => [behaviour, file, name, mutants] as const))(
  "%s",
  (_behaviour, file = "", name = "", mutants = "") => {
    expect(readFileSync(new URL(`../${file}`, import.meta.url), "utf8")).toContain(name);
    const known = MUTANTS.map(({ rule }) => rule);
    for (const mutant of mutants.split("; ")) expect(known).toContain(mutant);
  },
);
