import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it, test } from "vitest";
import { checkDependencyRule, checkSource } from "./dependency-rule.mjs";

const script = fileURLToPath(new URL("../check-dependency-rule.mjs", import.meta.url));

/** What is said about `text` as the file `path` of a package. */
function messages(path: string, text: string): string[] {
  const [name = ""] = path.split("/");
  return checkSource({ packages: "/w/packages", name, file: `/w/packages/${path}`, text }).map(
    (violation: { message: string }) => violation.message,
  );
}

describe("imports", () => {
  test.each([
    ["core/src/a.ts", 'import { readFile } from "node:fs/promises";\nimport { b } from "./b.js";'],
    ["core/src/a.test.ts", 'import fc from "fast-check";\nimport { local } from "@deploy/provider-local";'],
    ["core/src/testing/a.ts", 'import { expect } from "vitest";'],
    ["core/tsup.config.ts", 'import { defineConfig } from "tsup";'],
    [
      "provider-ecs/src/a.ts",
      'import { DeployError } from "@deploy/core";\nimport { request } from "undici";',
    ],
    ["cli/src/a.ts", 'import { createDeployer } from "@deploy/core";'],
    ["cli/src/a.ts", 'const { local } = await import("@deploy/provider-local");'],
    ["cli/src/a.ts", 'import type { LocalProvider } from "@deploy/provider-local";'],
    ["cli/test/a.ts", 'import { local } from "@deploy/provider-local";'],
    ["console/src/a.ts", 'export * from "@deploy/core";'],
    ["console/test/a.test.ts", 'import { home } from "../../provider-local/test/support/home.js";'],
    ["console/src/b/a.test.ts", 'import { cloud } from "../../../core/src/deployer/testing/cloud.js";'],
  ])("%s may %s", (path, text) => {
    expect(messages(path, text)).toEqual([]);
  });

  test.each([
    ["core/src/a.ts", 'import { z } from "zod";', "no dependencies"],
    ["core/src/a.ts", 'const jiti = await import("jiti");', "no dependencies"],
    ["core/src/a.ts", 'import type { LocalProvider } from "@deploy/provider-local";', "nothing of the house"],
    ["core/src/a.ts", 'import { readFile } from "fs/promises";', 'write "node:fs/promises"'],
    ["core/src/a.ts", 'import { helper } from "./a.test-helper.js";', "file of the tests"],
    ["core/src/a.ts", 'export { helper } from "./testing/vendor.js";', "file of the tests"],
    ["provider-ecs/src/a.ts", 'import { local } from "@deploy/provider-local";', "nobody imports a provider"],
    ["provider-ecs/src/a.ts", 'export * from "@deploy/dns-route53";', "nobody imports a provider"],
    ["provider-ecs/src/a.ts", 'type A = import("@deploy/dns-route53").A;', "nobody imports a provider"],
    ["provider-ecs/src/a.ts", 'import { main } from "@deploy/cli";', "may import @deploy/core only"],
    ["provider-ecs/src/a.ts", 'import { run } from "../../core/src/a.js";', "leaves the package"],
    ["provider-ecs/src/a.test.ts", 'import { run } from "../../core/src/a.js";', "leaves the package"],
    ["provider-ecs/src/a.ts", 'import { run } from "../../../scripts/lib/run.mjs";', "leaves the package"],
    ["cli/src/a.ts", 'import { local } from "@deploy/provider-local";', "only where it is used"],
    ["cli/src/a.ts", 'import { type LocalProvider } from "@deploy/provider-local";', "only where it is used"],
    ["cli/src/a.ts", 'const { ecs } = await import("@deploy/provider-ecs");', "nobody imports a provider"],
    [
      "console/src/a.ts",
      'import { cloud } from "../../core/src/deployer/testing/cloud.js";',
      "leaves the package",
    ],
    ["console/src/a.ts", 'const p = require("@deploy/provider-local");', "nobody imports a provider"],
  ])("%s may not %s", (path, text, message) => {
    expect(messages(path, text)).toEqual([expect.stringContaining(message)]);
  });
});

test.each(["provider-ecs/tsup.config.ts", "provider-ecs/test/a.ts"])(
  "%s may use the tools of builds and tests",
  (path) => {
    const up = "../".repeat(path.split("/").length);
    expect(messages(path, `import { run } from "${up}scripts/lib/run.mjs";`)).toEqual([]);
  },
);

describe("code", () => {
  test.each([
    'import { execFile, spawn } from "node:child_process";\nexecFile("git", ["log"]);',
    "const found = /a/.exec(text);\ndatabase.exec(sql);\nawait deployer.exec({ command });",
    'spawn("node", [], { shell: false });',
    "describe({ shell });",
    "const answer = await globalThis.fetch(url);",
    "const log = { global: true };",
  ])("allows %s", (text) => {
    expect(messages("cli/src/a.ts", text)).toEqual([]);
  });

  test.each([
    ['import { exec } from "node:child_process";', "exec takes a shell string"],
    ['import { exec as run } from "node:child_process";', "exec takes a shell string"],
    ['import { execSync } from "node:child_process";', "execSync takes a shell string"],
    ['childProcess.exec("ls " + name);', "exec takes a shell string"],
    ['require("node:child_process").exec("ls");', "exec takes a shell string"],
    ['cp.execSync("ls");', "execSync takes a shell string"],
    ['spawn("ls", [], { shell: true });', "`shell` runs a shell string"],
    ['const options = { "shell": true };', "`shell` runs a shell string"],
    ['spawn("ls", [], { shell: "/bin/bash" });', "`shell` runs a shell string"],
    ["globalThis.providers = [];", "globalThis"],
    ["globalThis.providers ??= [];", "globalThis"],
    ["(globalThis as Registry)[key] = [];", "globalThis"],
    ["global.providers = [];", "globalThis"],
    ['Object.defineProperty(globalThis, "providers", {});', "globalThis"],
  ])("refuses %s", (text, message) => {
    expect(messages("cli/src/a.ts", text)).toEqual([expect.stringContaining(message)]);
  });

  it("refuses shell strings in tests, too", () => {
    expect(messages("cli/test/a.test.ts", 'spawn("ls", [], { shell: true });')).toHaveLength(1);
  });

  it("names the file and the line", () => {
    const file = "/w/packages/core/src/a.ts";
    const text = 'const a = 1;\n\nimport { z } from "zod";\n';
    expect(checkSource({ packages: "/w/packages", name: "core", file, text })).toEqual([
      { file: "packages/core/src/a.ts", line: 3, message: expect.stringContaining("zod") },
    ]);
  });
});

describe("a tree of packages", () => {
  let packages: string;
  const write = async (path: string, content: string): Promise<void> => {
    await mkdir(dirname(join(packages, path)), { recursive: true });
    await writeFile(join(packages, path), content);
  };
  beforeEach(async () => {
    packages = await mkdtemp(join(tmpdir(), "dependency-rule-"));
    await write("core/package.json", '{ "name": "@deploy/core" }');
    await write("core/src/index.ts", "export const a = 1;\n");
  });
  afterEach(() => rm(packages, { recursive: true, force: true }));

  it("is read without what is built and installed", async () => {
    await write("core/dist/index.js", 'import "zod";');
    await write("core/node_modules/zod/index.js", "globalThis.zod = 1;");
    expect(await checkDependencyRule(packages)).toEqual({ files: 1, violations: [] });
  });

  it("is refused for what a package.json installs", async () => {
    await write("core/package.json", '{ "dependencies": { "zod": "1" } }');
    await write("provider-a/package.json", '{ "dependencies": { "@deploy/core": "1" } }');
    await write(
      "dns-b/package.json",
      '{ "peerDependencies": { "@deploy/core": "1", "@deploy/provider-a": "1" } }',
    );
    const { violations } = await checkDependencyRule(packages);
    expect(violations.map(({ file, message }) => `${file} ${message}`)).toEqual([
      expect.stringMatching(/^packages\/core\/package.json .*zod/),
      expect.stringMatching(/^packages\/dns-b\/package.json .*nobody imports a provider/),
      expect.stringMatching(/^packages\/provider-a\/package.json .*peerDependencies/),
    ]);
  });

  it("makes the command fail, and a clean one pass", async () => {
    const check = (): Promise<{ stdout: string }> =>
      promisify(execFile)(process.execPath, [script, packages]);
    expect((await check()).stdout).toContain("1 files checked, 0 violations");
    await write("core/src/shell.ts", 'import { execSync } from "node:child_process";\n');
    await expect(check()).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/core\/src\/shell\.ts:1: execSync/),
    });
  });
});
