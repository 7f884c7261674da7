import { dirname } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createSandbox, runNode, type Sandbox } from "../../test-support/deploy.js";

describe("the programmatic API, from a script", { timeout: 60_000 }, () => {
  let box: Sandbox;
  beforeAll(async () => {
    box = await createSandbox("script");
  });
  afterAll(() => box?.remove());

  it("plans, goes up, looks, reads logs and goes down", async () => {
    const ended = await runNode(["script/deploy.mjs"], { directory: dirname(box.directory), env: box.env });
    expect(ended, ended.stderr).toMatchObject({ exitCode: 0, stderr: "" });
    const lines = ended.stdout.trim().split("\n");
    expect(lines).toContain("plan    create release");
    expect(lines).toContain("answer  Hello from release 1");
    expect(lines).toContain("status  web.1 running, 0 restarts");
    expect(lines).toContain("logs    web.1 GET /");
    expect(lines.at(-1)).toBe("down    nothing is left");
    expect(await box.leftovers()).toEqual([]);
  });
});
