import { spawn } from "node:child_process";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { reveal } from "@deploy/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDatabases } from "./index.js";
import { findLayout } from "./layout.js";
import { findOnPath } from "./postgres/binaries.js";
import { identify, processesIn, waitForExit } from "./processes.js";
import { isPortFree } from "./records.js";
import { redisCommand } from "./redis/client.js";
import { addonNamed, makeHome, type TestHome } from "./testing/harness.js";
import type { AddonRequest, RunningAddon } from "./types.js";

const hasRedis = (await findOnPath("redis-server", process.env)) !== undefined;
if (!hasRedis) console.warn("skipped: no redis-server on the PATH (apt-get install redis-server)");

const request: AddonRequest = { ...addonNamed("queue", "production"), kind: "redis" };
let place: TestHome;

function command(addon: RunningAddon, ...words: [string, ...string[]]): Promise<string> {
  const url = new URL(reveal(addon.url));
  return redisCommand({ port: Number(url.port), password: url.password }, words);
}

it("says how to install a Redis that is missing", async () => {
  const empty = await makeHome({ PATH: "/nonexistent" });
  await expect(empty.databases.ensure(request)).rejects.toMatchObject({
    code: "addons.redis-missing",
    hint: expect.stringContaining("redis-server"),
  });
  await empty.databases.remove(request);
  expect(await readdir(empty.home)).toEqual([]);
  await empty.clear();
});

describe.skipIf(!hasRedis)("a Redis add-on", () => {
  beforeAll(async () => {
    place = await makeHome();
  });
  afterAll(() => place.clear());

  it("is created with a password, and keeps what is written over a kill", async () => {
    const addon = await place.databases.ensure(request);
    expect(addon).toMatchObject({ created: true, started: true, kind: "redis" });
    await command(addon, "SET", "word", "first");
    const wrong = redisCommand({ port: addon.port, password: "wrong" }, ["GET", "word"]);
    await expect(wrong).rejects.toMatchObject({ code: "addons.redis-refused" });
    const layout = await findLayout(place.home, request);
    expect((await stat(join(layout!.data, "redis.conf"))).mode & 0o777).toBe(0o600);
    expect((await identify(addon.pid))?.command.join(" ")).not.toContain(new URL(reveal(addon.url)).password);
    expect(await place.again().ensure(request)).toMatchObject({
      created: false,
      started: false,
      pid: addon.pid,
    });
    await place.databases.stop(request);
    const restarted = await place.databases.ensure(request);
    expect(restarted).toMatchObject({ created: false, started: true, port: addon.port });
    expect(await command(restarted, "GET", "word")).toBe("first");
  });

  it("is not taken for an unrelated process which got its number", async () => {
    const before = await place.databases.ensure(request);
    const layout = await findLayout(place.home, request);
    const server = await identify(before.pid);
    process.kill(before.pid, "SIGKILL");
    await waitForExit(server!, 5000);
    const bystander = spawn("sleep", ["60"], { stdio: "ignore" });
    await writeFile(join(layout!.data, "redis.pid"), `${bystander.pid}\n`);
    expect(await place.databases.status(request)).toMatchObject({ state: "stopped" });
    await place.databases.stop(request);
    expect(await identify(bystander.pid!)).toBeDefined();
    expect(await place.databases.ensure(request)).toMatchObject({ started: true, port: before.port });
    expect(await identify(bystander.pid!)).toBeDefined();
    bystander.kill("SIGKILL");
  });

  it("is not taken for another add-on's server which got its number", async () => {
    const other: AddonRequest = { ...request, name: "other" };
    const stranger = await place.databases.ensure(other);
    const before = await place.databases.ensure(request);
    await place.databases.stop(request);
    const layout = await findLayout(place.home, request);
    await writeFile(join(layout!.data, "redis.pid"), `${stranger.pid}\n`);
    expect(await place.databases.status(request)).toMatchObject({ state: "stopped" });
    await place.databases.stop(request);
    const after = await place.databases.ensure(request);
    expect(after).toMatchObject({ started: true, port: before.port });
    expect((await place.databases.status(other))?.pid).toBe(stranger.pid);
    await place.databases.remove(other);
  });

  it("backs up and restores; a damaged backup changes nothing", async () => {
    const addon = await place.databases.ensure(request);
    await command(addon, "SET", "word", "saved");
    const backup = await place.databases.backup(request, 4);
    expect(backup).toMatchObject({ release: 4, format: "rdb" });
    await command(addon, "SET", "word", "changed");
    const damaged = join(place.home, "damaged.rdb");
    const whole = await readFile(backup.file);
    await writeFile(damaged, whole.subarray(0, whole.length - 20));
    await expect(place.databases.restore(request, damaged)).rejects.toMatchObject({
      code: "addons.restore-failed",
    });
    expect(await command(addon, "GET", "word")).toBe("changed");
    expect((await place.databases.ensure(request)).pid).toBe(addon.pid);
    await place.databases.restore(request, 4);
    const restored = await place.databases.ensure(request);
    expect(restored).toMatchObject({ started: false, port: addon.port });
    expect(await command(restored, "GET", "word")).toBe("saved");
    expect(await command(restored, "CONFIG", "SET", "maxmemory", "0")).toBe("OK");
    await place.databases.stop(request);
    expect(await command(await place.databases.ensure(request), "GET", "word")).toBe("saved");
  });

  it("gives a command for redis-cli which carries no secret", async () => {
    const { argv, env } = await place.databases.connect(request);
    expect(argv[0]).toMatch(/redis-cli$/);
    const client = spawn(argv[0], [...argv.slice(1), "GET", "word"], {
      env: { PATH: process.env.PATH, REDISCLI_AUTH: reveal(env.REDISCLI_AUTH!) },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    client.stdout.on("data", (text) => {
      output += text;
    });
    await new Promise((resolve) => client.once("close", resolve));
    expect(output.trim()).toBe("saved");
  });

  it("says that its port was taken while it was stopped", async () => {
    const { port } = await place.databases.ensure(request);
    await place.databases.stop(request);
    const { createServer } = await import("node:net");
    const squatter = createServer().listen(port, "127.0.0.1");
    await new Promise((resolve) => squatter.once("listening", resolve));
    await expect(place.databases.ensure(request)).rejects.toMatchObject({ code: "addons.port-taken" });
    await new Promise((resolve) => squatter.close(resolve));
  });

  it("leaves nothing behind when it is removed", async () => {
    const addon = await place.databases.ensure(request);
    const layout = await findLayout(place.home, request);
    expect(await place.databases.list()).toMatchObject([
      { name: "queue", state: "running", version: addon.version },
    ]);
    await place.databases.remove(request);
    expect(await identify(addon.pid)).toBeUndefined();
    expect(await processesIn(layout!.data)).toEqual([]);
    expect(await isPortFree(addon.port)).toBe(true);
    expect((await readdir(place.home)).filter((name) => name !== "damaged.rdb")).toEqual([]);
  });
});

it.skipIf(process.getuid?.() !== 0 || !hasRedis)(
  "root's servers leave a closed home, and nothing in its place",
  async () => {
    const closed = await makeHome();
    const home = join(closed.home, "closed");
    const { mkdir } = await import("node:fs/promises");
    await mkdir(home, { mode: 0o700 });
    const lines: string[] = [];
    const databases = createDatabases({ home, env: process.env, log: (line) => lines.push(line) });
    try {
      await databases.ensure(request);
      const status = await databases.status(request);
      expect(status?.directory).toMatch(/^\/var\/lib\/deploy\/[0-9a-f]{12}\/databases\//);
      expect(lines.join("\n")).toContain("is closed to the system user");
      await databases.remove(request);
      await expect(stat(status!.directory)).rejects.toMatchObject({ code: "ENOENT" });
    } finally {
      await databases.remove(request);
    }
    await closed.clear();
  },
);
