import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createSandbox, eventually, type Sandbox } from "../../test-support/deploy.js";

describe("a Procfile and no configuration", { timeout: 60_000 }, () => {
  let box: Sandbox;
  beforeAll(async () => {
    box = await createSandbox("procfile");
  });
  afterAll(() => box?.remove());

  it("goes up at once, and says what was inferred", async () => {
    const up = await box.deploy(["up"]);
    expect(up, up.stderr).toMatchObject({ exitCode: 0, stdout: `http://procfile.localhost:${box.port}\n` });
    expect(up.stderr).toContain("The app is called procfile, after its directory.");
    expect(up.stderr).toContain("The release command is line 4 of Procfile.");
    expect(up.stderr).toContain("Nothing is built: the source runs as it is.");
    expect(up.stderr).toContain(`ready to run on Node ${process.versions.node}`);
    expect((await box.ask("procfile.localhost", "/")).body).toBe("Hello from release 1, web.1\n");
  });

  it("runs the worker, too", async () => {
    const logs = await eventually(async () => {
      const { stdout } = await box.deploy(["logs", "worker"]);
      return stdout.includes("beat 1") ? stdout : undefined;
    });
    expect(logs).toContain("worker.1");
  });

  it("goes down and leaves nothing", async () => {
    const down = await box.deploy(["down", "--confirm", "procfile"]);
    expect(down, down.stderr).toMatchObject({ exitCode: 0 });
    expect(await box.leftovers()).toEqual([]);
  });
});
