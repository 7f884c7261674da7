import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findOnPath } from "./postgres/binaries.js";
import { processesIn } from "./processes.js";
import { bundleDaemon, startDaemon } from "./testing/daemon.js";
import { addonNamed, makeHome, sql, type TestHome } from "./testing/harness.js";
import type { AddonRequest } from "./types.js";

const commands: Readonly<Record<AddonRequest["kind"], string>> = {
  postgres: "postgres",
  redis: "redis-server",
};
let place: TestHome;
let bundle: string;

async function kill(daemon: ChildProcess): Promise<void> {
  if (daemon.exitCode !== null) throw new Error("the daemon ended by itself");
  const exit = once(daemon, "exit");
  process.kill(-daemon.pid!, "SIGKILL");
  await exit;
}

describe.each(["postgres", "redis"] as const)("the daemon is killed (%s)", async (kind) => {
  const present = (await findOnPath(commands[kind], process.env)) !== undefined;
  if (!present) console.warn(`skipped: no ${commands[kind]} on the PATH`);
  const request: AddonRequest = { ...addonNamed("crashed"), kind };

  beforeAll(async () => {
    place = await makeHome();
    bundle = await bundleDaemon(place.home);
  });
  afterAll(() => place.clear());

  // Which step each kill hits differs from run to run: that is the point.
  it.skipIf(!present)("after any time, and the next one converges to one running server", async () => {
    for (const delay of [60, 110, 160, 250, 400, 600, 800]) {
      const daemon = startDaemon(bundle, place.home, request);
      await sleep(delay);
      await kill(daemon);
    }
    const addon = await place.again().ensure(request);
    await place.databases.backup(request, 1);
    const root = join(place.home, "databases", (await readdir(join(place.home, "databases")))[0]!);
    const left = (await readdir(root)).filter((name) => /creating|restoring|previous|tmp$/.test(name));
    expect(left).toEqual([]);
    const servers = (await processesIn(join(root, "data"))).filter(
      ({ command }) => command.length > 1 || command[0]?.includes(`:${addon.port}`),
    );
    expect(servers.map(({ pid }) => pid)).toEqual([addon.pid]);
    if (kind === "postgres") expect(await sql(addon, "SELECT 1")).toEqual([["1"]]);
  });

  it.skipIf(!present)("when the server is up, which lives on and is found again", async () => {
    await place.databases.remove(request);
    const daemon = startDaemon(bundle, place.home, request);
    const [line] = await once(daemon.stdout!, "data");
    await kill(daemon);
    const addon = await place.again().ensure(request);
    expect(addon).toMatchObject({ ...JSON.parse(String(line)), created: false, started: false });
    await place.again().remove(request);
    expect((await readdir(place.home)).filter((name) => name !== "databases.mjs")).toEqual([]);
  });
});
