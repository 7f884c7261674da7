import { spawn } from "node:child_process";
import { copyFile, mkdir, readdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { reveal } from "@deploy/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDatabases } from "./index.js";
import { findLayout, type Layout } from "./layout.js";
import { findOnPath } from "./postgres/binaries.js";
import { connectSql } from "./postgres/wire.js";
import { identify, processesIn, waitForExit } from "./processes.js";
import { isPortFree } from "./records.js";
import { addonNamed, makeHome, sql, type TestHome } from "./testing/harness.js";
import type { AddonRequest } from "./types.js";

const hasPostgres = (await findOnPath("postgres", process.env)) !== undefined;
if (!hasPostgres) console.warn("skipped: no postgres on the PATH (apt-get install postgresql)");

const request: AddonRequest = { ...addonNamed("db"), kind: "postgres", extensions: ["pgcrypto", "intarray"] };
let place: TestHome;

async function layoutOf(): Promise<Layout> {
  const layout = await findLayout(place.home, request);
  if (layout === undefined) throw new Error("the add-on has no directory");
  return layout;
}

async function kill(pid: number): Promise<void> {
  const identity = await identify(pid);
  process.kill(pid, "SIGKILL");
  if (identity !== undefined) await waitForExit(identity, 5000);
}

describe.skipIf(!hasPostgres)("a PostgreSQL add-on", () => {
  beforeAll(async () => {
    place = await makeHome();
  });
  afterAll(() => place.clear());

  it("is created with its extensions, and its URL works", async () => {
    const addon = await place.databases.ensure(request);
    expect(addon).toMatchObject({ created: true, started: true, kind: "postgres", host: "127.0.0.1" });
    expect(JSON.stringify(addon)).toContain("<redacted>");
    expect(
      await sql(
        addon,
        "SELECT current_user, current_database(), rolsuper FROM pg_roles WHERE rolname = 'app'",
      ),
    ).toEqual([["app", "dedupe_service", "f"]]);
    expect(await sql(addon, "SELECT encode(digest('a', 'md5'), 'hex')")).toEqual([
      ["0cc175b9c0f1b6a831c399e269772661"],
    ]);
    expect(await sql(addon, "SHOW fsync")).toEqual([["on"]]);
    await sql(
      addon,
      "CREATE TABLE kept (id int PRIMARY KEY, word text); INSERT INTO kept VALUES (1, 'first')",
    );
  });

  it("keeps its password out of argv and behind 0600, and refuses a wrong one", async () => {
    const { port, pid, url } = await place.databases.ensure(request);
    const layout = await layoutOf();
    expect((await stat(layout.credentials)).mode & 0o777).toBe(0o600);
    const { app } = JSON.parse(await readFile(layout.credentials, "utf8"));
    expect(reveal(url)).toContain(app);
    expect(Buffer.from(app, "base64url")).toHaveLength(32);
    expect((await identify(pid))?.command.join(" ")).not.toContain(app);
    const wrong = connectSql({ port, user: "app", password: "wrong", database: "dedupe_service" });
    await expect(wrong).rejects.toMatchObject({ code: "addons.sql-failed", details: { sqlState: "28P01" } });
  });

  it("is found again by the next daemon, unchanged", async () => {
    const before = await place.databases.ensure(request);
    const after = await place.again().ensure(request);
    expect(after).toMatchObject({ created: false, started: false, pid: before.pid, port: before.port });
    expect(reveal(after.url)).toBe(reveal(before.url));
  });

  it("is put into a session of its own, out of reach of signals to the daemon's group", async () => {
    const addon = await place.databases.ensure(request);
    const stat = await readFile(`/proc/${addon.pid}/stat`, "utf8").catch(() => undefined);
    if (stat !== undefined) {
      expect(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[3]).toBe(String(addon.pid));
    }
  });

  it("recovers after its server was killed, with postmaster.pid naming an unrelated process", async () => {
    const before = await place.databases.ensure(request);
    const layout = await layoutOf();
    await kill(before.pid);
    const lock = join(layout.data, "postmaster.pid");
    const lines = (await readFile(lock, "utf8")).split("\n");
    const owner = await stat(layout.data);
    const bystander = spawn("sleep", ["60"], {
      stdio: "ignore",
      ...(process.getuid?.() === 0 ? { uid: owner.uid } : {}),
    });
    await writeFile(lock, [bystander.pid, ...lines.slice(1)].join("\n"));
    await writeFile(layout.process, JSON.stringify({ pid: bystander.pid, startTime: "another" }));
    expect(await place.databases.status(request)).toMatchObject({ state: "stopped" });
    await place.databases.stop(request);
    const after = await place.again().ensure(request);
    expect(after).toMatchObject({ created: false, started: true, port: before.port });
    expect(after.pid).not.toBe(bystander.pid);
    expect(await sql(after, "SELECT word FROM kept")).toEqual([["first"]]);
    expect(await identify(bystander.pid!)).toBeDefined();
    await kill(bystander.pid!);
  });

  it("backs up by release, keeps five, and restores into the place of the data", async () => {
    const addon = await place.databases.ensure(request);
    for (let release = 1; release <= 6; release++) {
      const backup = await place.databases.backup(request, release);
      expect(backup).toMatchObject({ release, format: "pg-dump" });
    }
    expect((await place.databases.listBackups(request)).map(({ release }) => release)).toEqual([
      6, 5, 4, 3, 2,
    ]);
    await sql(addon, "UPDATE kept SET word = 'changed'; CREATE TABLE later (id int)");
    // A connection of the app that stays open must not stop the restore.
    const url = new URL(reveal(addon.url));
    const busy = await connectSql({
      port: addon.port,
      user: "app",
      password: url.password,
      database: "dedupe_service",
    });
    await place.databases.restore(request, 6);
    await expect(busy.query("SELECT 1")).rejects.toMatchObject({ code: expect.stringMatching(/^addons\./) });
    expect(await sql(addon, "SELECT word, to_regclass('later') FROM kept")).toEqual([["first", null]]);
    await sql(addon, "INSERT INTO kept VALUES (2, 'mine')");
    await sql(addon, "DELETE FROM kept WHERE id = 2");
  });

  it("keeps the data when a restore fails", async () => {
    const addon = await place.databases.ensure(request);
    const [newest] = await place.databases.listBackups(request);
    const whole = await readFile(newest!.file);
    const damaged = join(place.home, "damaged.dump");
    await writeFile(damaged, whole.subarray(0, whole.length - 300));
    await expect(place.databases.restore(request, damaged)).rejects.toMatchObject({
      code: "addons.restore-failed",
    });
    await writeFile(damaged, "not a backup");
    await expect(place.databases.restore(request, damaged)).rejects.toMatchObject({
      code: "addons.backup-unknown",
    });
    await expect(place.databases.restore(request, 99)).rejects.toMatchObject({
      code: "addons.backup-missing",
    });
    expect(await sql(addon, "SELECT word FROM kept")).toEqual([["first"]]);
  });

  it("opens its database again after a restore that was killed in the middle", async () => {
    const addon = await place.databases.ensure(request);
    const layout = await layoutOf();
    const { admin } = JSON.parse(await readFile(layout.credentials, "utf8"));
    const connection = await connectSql({
      port: addon.port,
      user: "postgres",
      password: admin,
      database: "postgres",
    });
    await connection.query("ALTER DATABASE dedupe_service ALLOW_CONNECTIONS false");
    await connection.query("CREATE DATABASE dedupe_service_restoring");
    await expect(sql(addon, "SELECT 1")).rejects.toMatchObject({ code: "addons.sql-failed" });
    await place.again().ensure(request);
    expect(await sql(addon, "SELECT word FROM kept")).toEqual([["first"]]);
    const names = await connection.query("SELECT datname FROM pg_database WHERE datname LIKE 'dedupe%'");
    connection.close();
    expect(names).toEqual([["dedupe_service"]]);
  });

  it("says which extensions there are when one is missing", async () => {
    const failed = place.databases.ensure({ ...request, extensions: ["no_such_thing"] });
    await expect(failed).rejects.toMatchObject({
      code: "addons.extension-missing",
      hint: expect.stringContaining("pgcrypto"),
    });
  });

  it("refuses another kind, another version and another name", async () => {
    const { databases } = place;
    await expect(databases.ensure({ ...request, kind: "redis" })).rejects.toMatchObject({
      code: "addons.kind-changed",
    });
    await expect(databases.ensure({ ...request, version: "9" })).rejects.toMatchObject({
      code: "addons.version-fixed",
    });
    await expect(databases.ensure({ ...request, name: "../x" })).rejects.toMatchObject({
      code: "addons.invalid-name",
    });
    const other = { ...request, name: "old", version: "9" };
    await expect(databases.ensure(other)).rejects.toMatchObject({ code: "addons.postgres-version" });
    await databases.remove(other);
  });

  it("gives a command for psql which carries no secret", async () => {
    const { argv, env } = await place.databases.connect(request);
    const argument = ["--no-psqlrc", "--tuples-only", "--no-align", "--command=SELECT word FROM kept"];
    const psql = spawn(argv[0], [...argv.slice(1), ...argument], {
      env: { PATH: process.env.PATH, PGPASSWORD: reveal(env.PGPASSWORD!) },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    psql.stdout.on("data", (text) => {
      output += text;
    });
    await new Promise((resolve) => psql.once("close", resolve));
    expect(output.trim()).toBe("first");
  });

  it("finishes a swap of data directories that was killed between its two renames", async () => {
    await place.databases.stop(request);
    const layout = await layoutOf();
    await rename(layout.data, layout.previous);
    const addon = await place.again().ensure(request);
    expect(addon.created).toBe(false);
    expect(await sql(addon, "SELECT word FROM kept")).toEqual([["first"]]);
  });

  it("leaves nothing behind when it is removed, twice", async () => {
    const addon = await place.databases.ensure(request);
    const layout = await layoutOf();
    await place.databases.remove(request);
    await place.databases.remove(request);
    expect(await identify(addon.pid)).toBeUndefined();
    expect(await processesIn(layout.data)).toEqual([]);
    expect(await isPortFree(addon.port)).toBe(true);
    expect(await place.databases.status(request)).toBeUndefined();
    expect((await readdir(place.home)).filter((name) => name !== "damaged.dump")).toEqual([]);
    await expect(stat(layout.socketDirectory)).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("converges from every half-done creation", async () => {
    const { databases } = place;
    const signal = AbortSignal.timeout(250);
    await databases.ensure(request, { signal }).catch(() => {});
    const layout = await layoutOf();
    await databases.stop(request);
    // What a kill -9 during initdb leaves: a data directory that is not whole, and a password file.
    const half = `${layout.data}.creating-dead`;
    await mkdir(join(half, "base"), { recursive: true });
    await writeFile(join(half, "PG_VERSION"), "15\n");
    await writeFile(join(layout.root, "password.creating-dead"), "secret");
    const addon = await place.again().ensure(request);
    expect(await sql(addon, "SELECT 1")).toEqual([["1"]]);
    expect((await readdir(layout.root)).filter((name) => name.includes("creating"))).toEqual([]);
    await databases.remove(request);
  });

  it("is not taken for another add-on's server which got its number", async () => {
    const other: AddonRequest = { ...request, name: "other", extensions: [] };
    const stranger = await place.databases.ensure(other);
    const before = await place.databases.ensure(request);
    await place.databases.stop(request);
    const [mine, theirs] = [await layoutOf(), await findLayout(place.home, other)];
    await copyFile(join(theirs!.data, "postmaster.pid"), join(mine.data, "postmaster.pid"));
    expect(await place.databases.status(request)).toMatchObject({ state: "stopped" });
    await place.databases.stop(request);
    const after = await place.again().ensure(request);
    expect(after).toMatchObject({ started: true, port: before.port });
    expect((await place.databases.status(other))?.pid).toBe(stranger.pid);
    await place.databases.remove(other);
    await place.databases.remove(request);
  });

  it("serves a home too long for a socket below it", async () => {
    const home = join(place.home, "x".repeat(90));
    await mkdir(home, { mode: 0o711 });
    const databases = createDatabases({ home, env: process.env, log: () => {} });
    const addon = await databases.ensure(request);
    const layout = await findLayout(home, request);
    expect(layout?.socketDirectory).toMatch(/^\/tmp\/deploy-[0-9a-f]{12}$/);
    expect(await sql(addon, "SELECT 1")).toEqual([["1"]]);
    await databases.remove(request);
    await sleep(10);
    await expect(stat(layout!.socketDirectory)).rejects.toMatchObject({ code: "ENOENT" });
  });
});
