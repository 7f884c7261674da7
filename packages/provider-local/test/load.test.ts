import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AppInput, Deployer, Operation } from "@deploy/core";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { streamingServer, webSocketModule } from "./support/apps.js";
import { ensureBuilt } from "./support/built.js";
import { type Load, type LoadResult, startLoad } from "./support/load.js";
import { eventually } from "./support/poll.js";
import { keepEvents, keepWebSocket, type StreamClient } from "./support/streams.js";
import { createWorkspace, type Workspace } from "./support/workspace.js";

/** How long a stream may go on behind a switch. */
const drainMs = 2000;
/** What a busy machine may add to it. */
const slackMs = 1500;

let space: Workspace;
let executions: string;
let app: AppInput;
let shop: Deployer;
let load: Load;

function setVersion(version: string): void {
  space.files("shop", { "version.txt": version });
}

/** Each POST was executed once, and no other was. */
function expectOncePerPost(result: LoadResult): void {
  const executed = readFileSync(executions, "utf8").trimEnd().split("\n");
  expect(executed.toSorted()).toEqual([...result.posted].sort());
}

beforeAll(() => ensureBuilt(), 180_000);

beforeEach(async () => {
  space = await createWorkspace();
  executions = join(space.root, "executions");
  mkdirSync(space.root, { recursive: true });
  writeFileSync(executions, "");
  space.files("shop", { "server.cjs": streamingServer, "version.txt": "1" });
  app = {
    name: "shop",
    config: { WS_MODULE: webSocketModule, EXECUTIONS: executions },
    processes: {
      web: { command: ["node", "server.cjs"], health: "/healthz", drain: drainMs, stopWithin: "2 s" },
    },
  };
  shop = space.deployer(app);
  await shop.up();
  load = startLoad({ port: space.port, host: "shop.localhost" });
});

afterEach(async () => {
  await load?.stop();
  await space.remove();
});

describe("under constant load", () => {
  it("ten redeploys and three rollbacks fail no request, and streams end at the drain limit only", async () => {
    const target = { port: space.port, host: "shop.localhost" };
    const streams = [keepEvents(target), keepWebSocket(target)];
    const switches = new Map<number, number>();
    const follow = async (operation: Operation<unknown>): Promise<void> => {
      for await (const event of operation) {
        const number = /^release (\d+) serves$/.exec(event.message)?.[1];
        if (number !== undefined) switches.set(Number(number), Date.parse(event.time));
      }
    };
    // A stream that never opens on a release says nothing about it: the next switch waits for both.
    const bothOn = (release: number): Promise<boolean> =>
      eventually(`streams on release ${release}`, () => streams.every((one) => one.release() === release));
    try {
      await bothOn(1);
      for (let number = 2; number <= 14; number += 1) {
        const rollsBack = number % 4 === 0;
        setVersion(String(number));
        await follow(rollsBack ? shop.rollback() : shop.up());
        expect(switches.has(number), `release ${number} serves`).toBe(true);
        // Every second switch comes while the streams of the one before still drain.
        if (number % 2 === 1) await bothOn(number);
      }
      await bothOn(14);
    } finally {
      for (const stream of streams) stream.stop();
    }
    const result = await load.stop();

    expect(result.failures).toEqual([]);
    expect(result.releases).toEqual(Array.from({ length: 14 }, (_, index) => String(index + 1)));
    expect(result.answered).toBeGreaterThan(1000);
    expectOncePerPost(result);
    expectCutAtDrainLimit(streams, switches);
  }, 120_000);

  it("scaling up and down, and restarts, fail no request", async () => {
    await shop.scale({ web: 3 });
    await eventually("three answer", async () => (await instances(shop)) === 3);
    await shop.restart();
    await shop.scale({ web: 1 });
    await shop.scale({ web: 2 });
    await shop.restart("web");
    await shop.scale({ web: 1 });
    const before = load.answered();
    await eventually("the load goes on", () => load.answered() > before + 50);
    const result = await load.stop();

    expect(result.failures).toEqual([]);
    expectOncePerPost(result);
    expect(await instances(shop)).toBe(1);
  }, 60_000);
});

async function instances(deployer: Deployer): Promise<number> {
  const { processes } = await deployer.status();
  return processes[0]?.instances.filter((one) => one.state === "running").length ?? 0;
}

/** A stream of release n ends once the release after it has served for as long as the drain limit. */
function expectCutAtDrainLimit(
  streams: readonly StreamClient[],
  switches: ReadonlyMap<number, number>,
): void {
  for (const stream of streams) {
    expect(stream.failures).toEqual([]);
    expect(stream.ended.length).toBeGreaterThanOrEqual(6);
    for (const life of stream.ended) {
      const lasted = life.endedAt - (switches.get(life.release + 1) ?? Number.NaN);
      const what = `${life.kind} of release ${life.release} after the switch`;
      expect(lasted, what).toBeGreaterThan(drainMs - 100);
      expect(lasted, what).toBeLessThan(drainMs + slackMs);
      expect(life.messages, what).toBeGreaterThan(drainMs / 50 / 3);
    }
  }
}
