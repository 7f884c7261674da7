import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { local } from "../src/index.js";

interface TableScript {
  capabilitiesTable(provider: unknown): string;
  replaceTable(text: string, table: string): string;
}

const table = (await import(
  new URL("../scripts/capabilities-table.mjs", import.meta.url).href
)) as TableScript;

it("has a README whose capabilities are those that are declared", async () => {
  const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
  const current = table.replaceTable(readme, table.capabilitiesTable(local()));
  expect(readme, "run: node packages/provider-local/scripts/capabilities.mjs").toBe(current);
});

it("has a table in which a no has its reason", () => {
  expect(table.capabilitiesTable({ servers: { capabilities: { isolation: { no: "one user" } } } })).toContain(
    "| servers | isolation | no: one user |",
  );
});

it("has an example in its README that declares an app", async () => {
  const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
  const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
  const code = `${example.replace("export default", "const app =")}\nconsole.log(app.name);`;
  const output = await new Promise<string>((resolve, reject) => {
    execFile(
      process.execPath,
      ["--input-type=module", "-e", code],
      { cwd: new URL("..", import.meta.url) },
      (error, stdout) => (error === null ? resolve(stdout) : reject(error)),
    );
  });
  expect(output).toBe("shop\n");
});
