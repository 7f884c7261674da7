import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { nimbusCloud } from "../src/index.js";

const tables = (await import(new URL("../scripts/tables.mjs", import.meta.url).href)) as {
  withTables(readme: string, provider: unknown): string;
};

it("has a README whose tables say what the code declares", async () => {
  const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
  expect(readme, "run: npm run build").toBe(tables.withTables(readme, nimbusCloud()));
});
