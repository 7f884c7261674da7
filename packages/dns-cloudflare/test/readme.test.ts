import { readFile, writeFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { capabilitiesTable, replaceTable } from "../../../scripts/lib/capabilities-table.mjs";
import { cloudflare } from "../src/index.js";

const file = new URL("../README.md", import.meta.url);

it("README.md says what the code declares; DEPLOY_UPDATE_README=1 writes it", async () => {
  const text = await readFile(file, "utf8");
  const current = replaceTable(text, capabilitiesTable(cloudflare(), "Cloudflare"));
  if (process.env.DEPLOY_UPDATE_README === "1") await writeFile(file, current);
  else expect(text).toBe(current);
});
