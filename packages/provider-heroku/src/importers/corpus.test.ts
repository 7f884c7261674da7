import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { DeployError, defineApp, type ImportResult, validateApp } from "@deploy/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { importFiles } from "./files.js";
import refusals from "./testing/corpus-refusals.json" with { type: "json" };

const corpus = fileURLToPath(new URL("../../../../../shared/corpus", import.meta.url));
const isThere = existsSync(corpus);
if (!isThere)
  console.warn(
    "skipped the import of other projects' manifests: no collection of them beside this repository",
  );

/** What is written must load and hold: evaluated as the file it becomes, with stand-ins for its two imports. */
function evaluated(config: string): unknown {
  const body = config.replace(/^import .*$/gm, "").replace("export default defineApp(", "return defineApp(");
  const load = new Function("defineApp", "heroku", body) as (define: unknown, heroku: unknown) => unknown;
  return load(defineApp, () => undefined);
}

async function attempt(directory: string): Promise<ImportResult | DeployError> {
  try {
    return await importFiles(directory);
  } catch (error) {
    if (DeployError.is(error)) return error;
    throw error;
  }
}

describe.skipIf(!isThere)("manifests of other projects", () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "deploy-corpus-"));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  /** A directory as that project has it: the manifest, and the Dockerfiles which it names. */
  function project(format: string, name: string): string {
    const directory = join(root, name.slice(0, 40).replace(/[^\w-]/g, "-"));
    mkdirSync(directory);
    const text = readFileSync(join(corpus, format, name, format), "utf8");
    writeFileSync(join(directory, format), text);
    for (const [, path = ""] of text.matchAll(/^\s+[\w-]+:\s*\/?([\w./-]*Dockerfile[\w.-]*)/gm)) {
      mkdirSync(dirname(join(directory, path)), { recursive: true });
      writeFileSync(join(directory, path), 'FROM scratch\nCMD ["./serve"]\n');
    }
    return directory;
  }

  it.each([
    ["heroku.yml", 37, 39],
    ["app.json", 22, 24],
    ["Procfile", 23, 25],
  ])("imports %s: at least %d of %d; each refusal is in the table", async (format, least, all) => {
    const names = readdirSync(join(corpus, format));
    expect(names).toHaveLength(all);
    const refused: { format: string; project: string; line?: number; reason: string }[] = [];
    for (const name of names) {
      const result = await attempt(project(format, name));
      if (DeployError.is(result)) {
        const { problems, message, location } = result;
        const line = location?.line;
        const reason = problems[0]?.message ?? message;
        refused.push({ format, project: name, ...(line === undefined ? {} : { line }), reason });
        continue;
      }
      expect(() => validateApp(evaluated(result.config)), `${name}\n${result.config}`).not.toThrow();
      for (const { file, reason } of result.refused) {
        expect(file).toBe(format);
        expect(reason).not.toMatch(/undefined|\[object/);
      }
    }
    expect(names.length - refused.length).toBeGreaterThanOrEqual(least);
    expect(refused).toEqual(refusals.filter((one) => one.format === format));
  });

  it("writes no secret of a manifest down", async () => {
    for (const name of readdirSync(join(corpus, "app.json"))) {
      const result = await attempt(project("app.json", name));
      if (DeployError.is(result)) continue;
      const config = /\n {2}config: \{([\s\S]*?)\n {2}\},/.exec(result.config)?.[1] ?? "";
      expect(config, name).not.toMatch(/(?:SECRET|TOKEN|PASSWORD|API_KEY)\w*"?:/);
    }
  });
});
