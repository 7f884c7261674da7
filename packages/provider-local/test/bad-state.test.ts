import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { redact } from "@deploy/core";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { plainServer } from "./support/apps.js";
import { ensureBuilt } from "./support/built.js";
import { eventually } from "./support/poll.js";
import { isRunning } from "./support/processes.js";
import { ask, createWorkspace, errorOf, type Workspace } from "./support/workspace.js";

const garbage = '{"version":1,"app":"sh';

let space: Workspace;

const app = (value: string, secrets: readonly string[] = []) =>
  ({
    name: "shop",
    config: { VALUE: value },
    secrets,
    processes: { web: { command: ["node", "server.cjs"], health: "/healthz", drain: "1 s" } },
  }) as const;

async function killSupervisor(): Promise<void> {
  const { pid } = space.supervisor();
  process.kill(pid, "SIGKILL");
  await eventually("the supervisor is gone", () => !isRunning(pid));
}

beforeAll(() => ensureBuilt(), 180_000);

beforeEach(async () => {
  space = await createWorkspace();
  space.files("shop", { "server.cjs": plainServer, "version.txt": "1" });
  await space.deployer(app("1")).up();
});

afterEach(() => space?.remove());

describe("corrupted files", () => {
  it("state.json, while the supervisor is down: kept and named; the next up starts clean, with nothing left over", async () => {
    const directory = join(space.home, "environments", "shop", "local");
    const [pid = 0] = space.pids();
    await killSupervisor();
    writeFileSync(join(directory, "state.json"), garbage);

    const error = await errorOf(space.deployer(app("2")).up());
    expect(error).toMatchObject({
      code: "servers.state-corrupted",
      message: `The state file ${join(directory, "state.json")} is damaged.`,
      hint: expect.stringContaining(`${join(directory, "state.json")}.corrupt-1`),
    });
    expect(JSON.stringify(error)).not.toContain("version");
    expect(readFileSync(join(directory, "state.json.corrupt-1"), "utf8")).toBe(garbage);
    // What runs has not noticed.
    expect(isRunning(pid)).toBe(true);

    space.files("shop", { "version.txt": "2" });
    await space.deployer(app("2")).up();
    expect((await ask(space, "shop.localhost", "/env/VALUE")).text).toBe("2");
    expect((await ask(space, "shop.localhost")).text).toContain('"version":"2"');
    expect(isRunning(pid)).toBe(false);
    expect(space.pids()).toHaveLength(1);
    await space.deployer(app("2")).down({ confirm: "shop" });
    expect(space.pids()).toEqual([]);
    expect(readdirSync(space.root)).not.toContain("home");
  }, 60_000);

  it("state.json of one app does not keep the others from being picked up", async () => {
    space.files("other", { "server.cjs": plainServer });
    const other = space.deployer({ ...app("1"), name: "other" });
    await other.up();
    await killSupervisor();
    writeFileSync(join(space.home, "environments", "shop", "local", "state.json"), garbage);
    const before = space.pids();

    await other.up();
    expect((await ask(space, "other.localhost")).status).toBe(200);
    expect(before).toEqual(expect.arrayContaining(space.pids()));
    await space.deployer(app("2")).up();
    expect((await ask(space, "shop.localhost", "/env/VALUE")).text).toBe("2");
    expect((await ask(space, "other.localhost")).status).toBe(200);
    expect(space.pids()).toHaveLength(2);
  }, 60_000);

  it("state.json, while the supervisor is up: it knows better, and writes it anew", async () => {
    const file = join(space.home, "environments", "shop", "local", "state.json");
    writeFileSync(file, garbage);
    expect((await space.deployer(app("1")).plan()).changes).toEqual([]);
    const { release } = await space.deployer(app("2")).up();
    expect(release).toBe(2);
    expect((JSON.parse(readFileSync(file, "utf8")) as { lastRelease: number }).lastRelease).toBe(2);
  });

  it("supervisor.json, while it is up and while it is down: nothing depends on it", async () => {
    const file = join(space.home, "supervisor.json");
    const { pid } = space.supervisor();
    const pids = space.pids();
    writeFileSync(file, "garbage");
    expect((await space.deployer(app("1")).plan()).changes).toEqual([]);

    process.kill(pid, "SIGKILL");
    await eventually("the supervisor is gone", () => !isRunning(pid));
    await space.deployer(app("1")).up();
    expect(space.supervisor().port).toBe(space.port);
    expect(space.pids()).toEqual(pids);
    expect((await ask(space, "shop.localhost")).status).toBe(200);
  });

  it("the secrets file: named, the running release untouched, and set anew it works", async () => {
    const shop = space.deployer(app("1", ["SECRET_KEY"]));
    await shop.secrets.set("SECRET_KEY", redact("first"));
    await shop.up();
    const before = (await ask(space, "shop.localhost")).text;
    const [file = ""] = readdirSync(join(space.home, "secrets"), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.name === "local.json")
      .map((entry) => join(entry.parentPath, entry.name));
    const good = readFileSync(file, "utf8");
    // One character of the sealed text, as a failing disk might.
    writeFileSync(file, good.replace(/"seal":"./, '"seal":"!'));

    const error = await errorOf(space.deployer(app("2", ["SECRET_KEY"])).up());
    expect(error).toMatchObject({
      code: "secrets.corrupted",
      message: `The secrets file ${file} is damaged or was altered.`,
      hint: expect.stringContaining("Restore it from a backup"),
    });
    expect((await ask(space, "shop.localhost")).text).toBe(before);

    writeFileSync(file, good);
    await space.deployer(app("2", ["SECRET_KEY"])).up();
    expect((await ask(space, "shop.localhost", "/env/SECRET_KEY")).text).toBe("first");
  });
});
