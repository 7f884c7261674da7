import { existsSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import type { AppInput } from "@deploy/core";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { plainServer } from "./support/apps.js";
import { ensureBuilt } from "./support/built.js";
import { deploy, writeConfig } from "./support/cli.js";
import { eventually } from "./support/poll.js";
import { ask, createWorkspace, errorOf, type Workspace } from "./support/workspace.js";

let space: Workspace;

const app = (value: string, more: Partial<AppInput> = {}): AppInput => ({
  name: "shop",
  config: { VALUE: value },
  processes: {
    web: { command: ["node", "server.cjs"], health: "/healthz", drain: "1 s" },
    worker: { command: ["sleep", "100000"] },
  },
  ...more,
});

beforeAll(() => ensureBuilt("cli"), 240_000);

beforeEach(async () => {
  space = await createWorkspace();
  space.files("shop", { "server.cjs": plainServer });
});

afterEach(() => space?.remove());

describe("two deploys of one environment at once", () => {
  it("the second is refused and told who is at it; afterwards it works", async () => {
    const gate = join(space.root, "gate");
    const begun = join(space.root, "begun");
    const release = `touch ${begun}; while [ ! -e ${gate} ]; do sleep 0.05; done`;
    const first = space.deployer(app("first", { release })).up().result;
    await eventually("the release command runs", () => existsSync(begun));

    writeConfig(space, app("second"));
    const refused = await deploy(space, "shop", ["up", "--json"]);
    expect(`${refused.code} ${refused.stderr}`).toMatch(/^1/);
    const { error } = JSON.parse(refused.stdout.trimEnd().split("\n").at(-1) ?? "") as {
      error: { details: { holder: { name: string; operation: string } } };
    };
    expect(error).toMatchObject({ code: "lease.held", retryable: true });
    expect(error.details.holder.operation).toBe("up");
    expect(error.details.holder.name).toMatch(new RegExp(` on ${hostname()}, process ${process.pid}$`));
    const inProcess = await errorOf(space.deployer(app("third")).up());
    expect(inProcess.code).toBe("lease.held");
    expect((await space.deployer(app("first")).status()).lock?.operation).toBe("up");

    writeFileSync(gate, "");
    await first;
    expect((await ask(space, "shop.localhost", "/env/VALUE")).text).toBe("first");
    expect((await deploy(space, "shop", ["up"])).code).toBe(0);
    expect((await ask(space, "shop.localhost", "/env/VALUE")).text).toBe("second");
  }, 60_000);

  it("those that wait for each other never put web and worker on different releases", async () => {
    await space.deployer(app("0")).up();
    const ups = Promise.all(
      ["1", "2", "3"].map((value) => space.deployer(app(value)).up({ lockWaitMs: 60_000 }).result),
    );
    let over = false;
    void ups.finally(() => {
      over = true;
    });
    const watcher = space.deployer(app("0"));
    let looks = 0;
    while (!over) {
      const { processes } = await watcher.status();
      const releases = new Set(processes.flatMap(({ instances }) => instances.map((one) => one.release)));
      expect([...releases]).toHaveLength(1);
      looks += 1;
    }
    const numbers = (await ups).map((result) => result.release);
    expect(numbers.toSorted()).toEqual([2, 3, 4]);
    expect(looks).toBeGreaterThan(20);
    expect(space.pids()).toHaveLength(2);
  }, 90_000);
});
