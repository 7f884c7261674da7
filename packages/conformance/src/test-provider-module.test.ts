import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { testProviderModule } from "./test-provider-module.js";

const directory = mkdtempSync(join(tmpdir(), "deploy-black-box-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** A lease kept in the module itself, as a built package would hold it. */
const provider = `
const locks = new Map();
const error = (code) => Object.assign(new Error(code), { code, [Symbol.for("deploy.error")]: true, retryable: false, hint: "x", details: {}, problems: [] });
export function helper(required) { return required.length; }
export const memory = () => ({
  spec: 1,
  name: NAME,
  credentials: {},
  lease: {
    async acquire(context, scope, holder) {
      context.signal.throwIfAborted();
      const key = scope.app + "/" + scope.environment;
      if (locks.has(key)) return { holder: locks.get(key).holder };
      const lock = { holder };
      locks.set(key, lock);
      return { granted: {
        async release() { if (locks.get(key) === lock) locks.delete(key); },
        async check() { if (locks.get(key) !== lock) throw error("lease.lost"); },
      } };
    },
    async holder(_context, scope) { return locks.get(scope.app + "/" + scope.environment)?.holder; },
    async break(_context, scope) { locks.delete(scope.app + "/" + scope.environment); },
  },
});
`;

function write(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

describe("a built module", () => {
  it("is tried with the scenarios that need no fixtures", { timeout: 60_000 }, async () => {
    const lines: string[] = [];
    const module = write("right.mjs", provider.replace("NAME", '"memory"'));
    const report = await testProviderModule({ module, env: {}, onLine: (line) => lines.push(line) });
    expect(lines.filter((line) => line.startsWith("✖"))).toEqual([]);
    expect(report.failed).toBe(0);
    expect(report.passed).toBeGreaterThan(10);
    expect(report.skipped).toBeGreaterThan(50);
    expect(lines.at(-1)).toMatch(/^memory: \d+ passed, 0 failed/);
  });

  it("fails where it is wrong", { timeout: 60_000 }, async () => {
    const module = write("wrong.mjs", provider.replace("NAME", '"Memory"'));
    expect(await testProviderModule({ module, env: {}, only: "spec and name" })).toMatchObject({ failed: 1 });
  });

  it("says what is missing", async () => {
    const none = write("none.mjs", "export const answer = 42;");
    await expect(testProviderModule({ module: none })).rejects.toMatchObject({ code: "provider.no-factory" });
    const absent = join(directory, "absent.mjs");
    await expect(testProviderModule({ module: absent })).rejects.toMatchObject({
      code: "provider.no-module",
    });
  });
});
