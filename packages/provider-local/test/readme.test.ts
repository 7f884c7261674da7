import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { capabilitiesTable, replaceTable } from "../../../scripts/lib/capabilities-table.mjs";
import { local } from "../src/index.js";

const file = new URL("../README.md", import.meta.url);

it("README.md says what the code declares; DEPLOY_UPDATE_README=1 writes it", async () => {
  const text = await readFile(file, "utf8");
  const current = replaceTable(text, capabilitiesTable(local(), "This machine"));
  if (process.env.DEPLOY_UPDATE_README === "1") await writeFile(file, current);
  else expect(text).toBe(current);
});

it("has a table in which a no has its reason", () => {
  const table = capabilitiesTable({ servers: { capabilities: { isolation: { no: "one user" } } } }, "Here");
  expect(table).toContain("| servers | isolation | no: one user |");
});

it("has an example in its README that declares an app", async () => {
  const readme = await readFile(file, "utf8");
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
