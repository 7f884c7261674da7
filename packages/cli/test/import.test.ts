import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Answer, deploy, isBuilt } from "./program.js";

if (!isBuilt) console.warn("skipped the tests of importing: the packages are not built");

const importer = `
  export const importers = [{
    name: "acme",
    files: ["acme.yml"],
    import: async (_context, source) => ({
      config: "// from " + source + "\\nexport default {};\\n",
      inferred: ["web from acme.yml"],
      refused: [{ file: "acme.yml", line: 3, reason: "cron needs a\\u001b[2J clock" }],
    }),
  }];`;

describe.skipIf(!isBuilt)("deploy import", () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "deploy-import-"));
    const installed = join(directory, "node_modules/deploy-provider-acme");
    mkdirSync(installed, { recursive: true });
    writeFileSync(
      join(installed, "package.json"),
      JSON.stringify({ name: "deploy-provider-acme", type: "module", exports: "./index.js" }),
    );
    writeFileSync(join(installed, "index.js"), importer);
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));
  const run = (...words: string[]): Promise<Answer> => deploy(["import", ...words], { directory });

  it("writes what the installed provider reads, and says what could not be carried over", async () => {
    const { code, stdout, stderr } = await run("acme");
    const file = join(directory, "deploy.config.ts");
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${file}\n` });
    expect(readFileSync(file, "utf8")).toContain(`// from ${directory}`);
    expect(stderr).toContain("web from acme.yml");
    expect(stderr).toContain("acme.yml:3: cron needs a");
    expect(stderr).not.toContain("\u001b");
    expect(await run("acme")).toMatchObject({ code: 2, stderr: expect.stringContaining("config.exists") });
    expect((await run("acme", "--force")).code).toBe(0);
  });

  it("prints instead of writing, for a running app by its name", async () => {
    expect(await run("acme:my-app", "--print")).toMatchObject({
      code: 0,
      stdout: "// from my-app\nexport default {};\n",
    });
    expect(existsSync(join(directory, "deploy.config.ts"))).toBe(false);
    expect(JSON.parse((await run("acme:my-app", "--print", "--json")).stdout)).toMatchObject({
      refused: [{ line: 3 }],
    });
  });

  it("says what to install, and refuses what is no name", async () => {
    const missing = await run("heroku");
    expect(missing).toMatchObject({ code: 1 });
    expect(missing.stderr).toContain("npm install --save-dev @deploy/provider-heroku");
    expect((await run("../evil")).code).toBe(2);
    expect(existsSync(join(directory, "deploy.config.ts"))).toBe(false);
  });
});
