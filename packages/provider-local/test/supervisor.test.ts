import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { redact } from "@deploy/core";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { plainServer } from "./support/apps.js";
import { ensureBuilt } from "./support/built.js";
import { eventually } from "./support/poll.js";
import { isRunning, processesOf } from "./support/processes.js";
import { ask, createWorkspace, logsOf, type Workspace } from "./support/workspace.js";

const web = { command: ["node", "server.cjs"], health: "/healthz", drain: "1 s", stopWithin: "1 s" } as const;

let space: Workspace;

beforeAll(() => ensureBuilt(), 180_000);

beforeEach(async () => {
  space = await createWorkspace();
});

afterEach(() => space?.remove());

function supervisors(): number[] {
  return processesOf(space.root)
    .filter(({ argv }) => argv.some((word) => word.includes("supervisor")))
    .map(({ pid }) => pid);
}

describe("the supervisor", () => {
  it("is one, however many begin at once", async () => {
    const names = Array.from({ length: 10 }, (_, index) => `app${index}`);
    for (const name of names) space.files(name, { "server.cjs": plainServer, "version.txt": name });
    await Promise.all(names.map((name) => space.deployer({ name, processes: { web } }).up()));

    for (const name of names) {
      expect((await ask(space, `${name}.localhost`)).text).toContain(`"version":"${name}"`);
    }
    expect(supervisors()).toEqual([space.supervisor().pid]);
    expect(space.pids()).toHaveLength(10);
  }, 90_000);

  it("takes over the lock of a dead one whose number another process has by now", async () => {
    space.files("shop", { "server.cjs": plainServer });
    const shop = space.deployer({ name: "shop", processes: { web } });
    await shop.up();
    const [pids, { pid }] = [space.pids(), space.supervisor()];
    process.kill(pid, "SIGKILL");
    await eventually("it is gone", () => !isRunning(pid));
    const lock = join(space.home, "supervisor.lock");
    const record = JSON.parse(readFileSync(lock, "utf8")) as { pid: number };
    // Our own number: it lives, but began at another time.
    writeFileSync(lock, JSON.stringify({ ...record, pid: process.pid }));

    await shop.up();
    expect(supervisors()).toEqual([space.supervisor().pid]);
    expect(space.pids()).toEqual(pids);
  });

  it("starts a crashed process again, ever later, and names a crash loop", async () => {
    space.files("shop", { "server.cjs": plainServer });
    const shop = space.deployer({ name: "shop", processes: { web } });
    await shop.up();
    const restarts = async (): Promise<number> =>
      (await shop.status()).processes[0]?.instances[0]?.restarts ?? 0;
    for (let crash = 1; crash <= 5; crash += 1) {
      const before = await restarts();
      await eventually("it answers", async () => (await ask(space, "shop.localhost")).status === 200);
      await ask(space, "shop.localhost", "/crash");
      await eventually("the crash is seen", async () => (await restarts()) > before);
    }
    const [instance] = (await shop.status()).processes[0]?.instances ?? [];
    expect(instance).toMatchObject({
      name: "web.1",
      state: "crash-loop",
      restarts: 5,
      problem: "exited with code 9",
    });
    const refused = await ask(space, "shop.localhost");
    expect(refused).toMatchObject({ status: 503, error: "no-instance" });
    expect(refused.text).toContain("web exited with code 9");
    const said = (await logsOf(shop, { processes: ["web"] }))
      .filter((line) => line.stream === "system")
      .map((line) => line.text);
    expect(said).toEqual([
      "web.1 exited with code 9; starting it again in 0.5 s",
      "web.1 exited with code 9; starting it again in 1 s",
      "web.1 exited with code 9; starting it again in 2 s",
      "web.1 exited with code 9; starting it again in 4 s",
      "web.1 exited with code 9; it is in a crash loop; starting it again in 8 s",
    ]);
  }, 40_000);

  it("ends whole process groups, those who ignore SIGTERM and those who left the group included", async () => {
    const deaf = 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000);';
    space.files("shop", {
      "server.cjs": plainServer,
      "family.cjs": `
        const { spawn } = require("node:child_process");
        spawn("node", ["deaf.cjs", "child"], { stdio: "ignore" });
        spawn("node", ["deaf.cjs", "runaway"], { stdio: "ignore", detached: true }).unref();
        require("./server.cjs");`,
      "deaf.cjs": deaf,
    });
    const processes = { web: { ...web, command: ["node", "family.cjs"] } };
    const shop = space.deployer({ name: "shop", processes });
    await shop.up();
    const first = await eventually("all three run", () => space.pids().length === 3 && space.pids());

    await shop.restart();
    await eventually("the first family is gone", () => first.every((pid) => !isRunning(pid)));
    await eventually("the second is whole", () => space.pids().length === 3);

    // A leader that crashes leaves nobody behind who would hold its port or its database.
    const second = space.pids();
    await ask(space, "shop.localhost", "/crash");
    await eventually("the second family is gone", () => second.every((pid) => !isRunning(pid)));
    await eventually("the third is whole", () => space.pids().length === 3);

    await shop.down({ confirm: "shop" });
    expect(processesOf(space.root)).toEqual([]);
  }, 40_000);
});

describe("down", () => {
  it("leaves no process, no port, no socket and no file", async () => {
    space.files("shop", { "server.cjs": plainServer });
    const worker = { command: ["sleep", "100000"], volumes: { files: "files" } } as const;
    const shop = space.deployer({ name: "shop", processes: { web, worker }, secrets: ["KEY"] });
    await shop.up({ secrets: { KEY: redact("value") } });
    expect(space.pids()).toHaveLength(2);

    const kept = await shop.down({ confirm: "shop" });
    expect(kept.kept.map((one) => one.label).toSorted()).toEqual([
      expect.stringContaining("volumes files"),
      "secret KEY",
      "supervisor",
    ]);
    expect(space.pids()).toEqual([]);

    const { left } = await shop.down({ confirm: "shop", deleteData: ["volumes", "KEY"] });
    expect(left).toEqual([]);
    expect(processesOf(space.root)).toEqual([]);
    expect(existsSync(space.home)).toBe(false);
    await expect(ask(space, "shop.localhost")).rejects.toMatchObject({ code: "ECONNREFUSED" });
  }, 30_000);

  it("keeps the logs alone when it is asked to", async () => {
    space.files("shop", { "server.cjs": plainServer, "version.txt": "7" });
    const shop = space.deployer({ name: "shop", processes: { web } });
    await shop.up();
    await shop.down({ confirm: "shop", keepLogs: true });
    expect(readdirSync(space.home)).toEqual(["logs"]);
    expect(processesOf(space.root)).toEqual([]);
    const lines = await logsOf(shop, { processes: ["web"] });
    expect(lines.map((line) => line.text)).toContain("serving 7 on release 1");
  });
});
