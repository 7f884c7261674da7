import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { describe, expect, it, test } from "vitest";
import { codeBlocks } from "./markdown.mjs";
import { judgeSkips, NEEDS, requiredNeeds } from "./needs.mjs";
import { checkFiles, checkManifest } from "./package-rules.mjs";
import { countVitest, readTally, tallyLine } from "./tally.mjs";

describe("counting", () => {
  const file = (name: string, status: string, ...outcomes: string[]) => ({
    name: `/w/${name}`,
    status,
    assertionResults: outcomes.map((outcome) => ({ status: outcome })),
  });

  it("adds up what the tests say", () => {
    const report = {
      testResults: [file("a", "passed", "passed", "passed"), file("b", "failed", "failed", "pending")],
    };
    expect(countVitest(report, 1, "/w/")).toEqual({
      tally: { passed: 2, failed: 1, skipped: 1 },
      files: [
        { file: "a", skipped: 0 },
        { file: "b", skipped: 1 },
      ],
      secondTries: [],
    });
  });

  it("names what passed at its second try, and why it had not at the first", () => {
    const result = { status: "passed", fullName: "it holds", failureMessages: ["Error: late\n    at x"] };
    const counted = countVitest(
      { testResults: [{ name: "/w/a", status: "passed", assertionResults: [result] }] },
      0,
      "/w/",
    );
    expect(counted).toMatchObject({
      tally: { passed: 1, failed: 0 },
      secondTries: ["a: it holds: Error: late"],
    });
  });

  it("counts a file that cannot be loaded, and a failure outside of any test", () => {
    expect(countVitest({ testResults: [file("a", "failed")] }, 1, "/w/").tally.failed).toBe(1);
    expect(countVitest({ testResults: [file("a", "passed", "passed")] }, 1, "/w/").tally.failed).toBe(1);
    expect(countVitest({ testResults: [file("a", "passed", "passed")] }, 0, "/w/").tally.failed).toBe(0);
  });

  it("counts no scenario of the kit that does not apply, wherever the kit stands in the file", () => {
    const pending = (...ancestorTitles: string[]) => ({ status: "pending", ancestorTitles });
    const kit = [
      pending("conformance of x"),
      pending("on an emulator", "conformance of x"),
      pending("other"),
    ];
    const results = [{ name: "/w/a", status: "passed", assertionResults: kit }];
    expect(countVitest({ testResults: results }, 0, "/w/").tally.skipped).toBe(1);
  });

  it("reads its own last line back", () => {
    const tally = { passed: 3, failed: 0, skipped: 12 };
    expect(readTally(`1 passed, 1 failed, 1 skipped\nmore\n${tallyLine(tally)}\n`)).toEqual(tally);
    expect(readTally("3 passed")).toBeUndefined();
  });
});

describe("skips", () => {
  const corpus = NEEDS.find(({ name }) => name === "corpus");
  const files = (file: string, skipped = 1) => [{ file, skipped }];

  it("are no problem as long as nothing is required", () => {
    expect(judgeSkips(files("packages/core/src/a.test.ts"), [])).toEqual([]);
  });
  it("are a problem when what they need is required", () => {
    const file = "packages/provider-local/src/supervisor/databases/embedded.test.ts";
    expect(judgeSkips(files(file), ["linux"])).toEqual([]);
    expect(judgeSkips(files(file), ["registry"])).toEqual([
      expect.stringContaining("embedded.test.ts skipped 1"),
    ]);
    expect(judgeSkips(files(file, 0), ["registry"])).toEqual([]);
  });
  it("are a problem when nothing explains them", () => {
    expect(judgeSkips(files("packages/core/src/a.test.ts"), ["linux"])).toHaveLength(
      process.platform === "linux" ? 1 : 2,
    );
    const procfile = judgeSkips(files("packages/core/src/app/procfile.test.ts"), ["registry"]);
    expect(procfile).toHaveLength(corpus?.found?.() === true ? 1 : 0);
  });
  it("are required by known names only", () => {
    expect(requiredNeeds("postgres, redis,")).toEqual(["postgres", "redis"]);
    expect(() => requiredNeeds("postgers")).toThrow("not postgers");
  });
});

describe("package rules", () => {
  const manifest = {
    name: "@deploy/core",
    description: "A sentence.",
    license: "MIT",
    type: "module",
    sideEffects: false,
    engines: { node: ">=20.19" },
    exports: {
      ".": { types: "./dist/index.d.ts", default: "./dist/index.js" },
      "./package.json": "./package.json",
    },
    publishConfig: { access: "public", provenance: true },
  };
  const packed = (paths: string[], unpackedSize = 1000) => ({
    filename: "a.tgz",
    size: 10,
    unpackedSize,
    files: paths.map((path) => ({ path })),
  });
  const whole = ["dist/index.js", "dist/index.d.ts", "package.json", "README.md", "LICENSE"];

  it("accept a package as it should be", () => {
    expect(checkManifest("core", manifest)).toEqual([]);
    expect(checkFiles("core", manifest, packed(whole))).toEqual([]);
  });
  test.each([
    ["a missing file", packed(whole.slice(1)), "dist/index.js is not in the package"],
    ["a test", packed([...whole, "dist/a.test.js"]), "no place"],
    ["a source", packed([...whole, "src/index.ts"]), "no place"],
    ["too many bytes", packed(whole, 1_000_000), "budget"],
  ])("refuse %s", (_name, pack, message) => {
    expect(checkFiles("core", manifest, pack)).toEqual([expect.stringContaining(message)]);
  });
  it("refuse a dependency of core, and a missing field", () => {
    expect(checkManifest("core", { ...manifest, dependencies: { zod: "1" } })).toEqual([
      "core has dependencies: zod",
    ]);
    expect(checkManifest("core", { ...manifest, type: "commonjs" })).toEqual([
      expect.stringContaining("type is"),
    ]);
  });
});

test("blocks of code are found in a page, with longer fences around shorter ones", () => {
  const page = "a\n```sh\nnpm test\n```\n````md\n```ts\nx\n```\n````\n```ts no-check\ny\n```\n";
  expect(codeBlocks(page)).toEqual([
    { language: "sh", line: 2, text: "npm test" },
    { language: "md", line: 5, text: "```ts\nx\n```" },
    { language: "ts no-check", line: 10, text: "y" },
  ]);
});

// docs/decisions/0016: what a DNS plugin is measured by.
test("each DNS plugin lists and applies in under 300 lines", async () => {
  const packages = new URL("../../packages/", import.meta.url);
  const plugins = (await readdir(packages)).map((name) => new URL(`${name}/src/dns.ts`, packages));
  const found = plugins.filter((file) => existsSync(file));
  expect(found.length).toBeGreaterThanOrEqual(3);
  for (const file of found) {
    const lines = (await readFile(file, "utf8")).split("\n").length;
    expect(lines, file.pathname).toBeLessThan(300);
  }
});
