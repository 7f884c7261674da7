import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { findOnPath } from "../../src/supervisor/databases/postgres/binaries.js";
import { ensureBuilt } from "../support/built.js";
import { run } from "./program.mjs";

/*
 * A sample of what `npm run crash` does in full: what is chosen depends on the seed alone, so that a red run can be had
 * again. The seed may be set from outside, for another sample.
 */

const seed = process.env.DEPLOY_CRASH_SEED ?? "1";
const isRequired = (process.env.DEPLOY_TEST_REQUIRE ?? "")
  .split(",")
  .some((one) => one.trim() === "postgres");
const hasPostgres = (await findOnPath("postgres", process.env)) !== undefined;
if (!hasPostgres && !isRequired)
  console.warn(
    "skipped: no postgres on the PATH (apt-get install postgresql); the crash tests deploy with one",
  );

async function script(name: string, ...words: string[]): Promise<Record<string, unknown>> {
  const file = fileURLToPath(new URL(name, import.meta.url));
  const { code, stdout, output } = await run([process.execPath, file, `--seed=${seed}`, ...words]);
  expect(code, output).toBe(0);
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Record<string, unknown>;
}

describe.skipIf(!hasPostgres && !isRequired)("a killed command is finished by running it again", () => {
  beforeAll(async () => {
    expect(hasPostgres, "DEPLOY_TEST_REQUIRE asks for postgres, and there is none on the PATH").toBe(true);
    await ensureBuilt("cli");
  }, 180_000);

  it("killed at calls to the supervisor, of every operation", async () => {
    const one = expect.objectContaining({ points: 2, converged: 2 });
    expect(await script("every-call.mjs", "--sample=2")).toMatchObject({
      up: one,
      redeploy: one,
      rollback: one,
      scale: one,
      down: one,
    });
  }, 300_000);

  it("killed at random moments, the supervisor too", async () => {
    expect(await script("crash.mjs", "--kills=12")).toMatchObject({ kills: 12, faults: 0 });
  }, 300_000);
});
