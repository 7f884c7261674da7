import { setTimeout as wait } from "node:timers/promises";
import { onTestFinished } from "vitest";
import { createFeed } from "../create-feed.js";
import type { FeedPace } from "../follower.js";
import type { Feed } from "../types.js";
import { createFakeRegistry, type FakeLogs } from "./fake-logs.js";
import type { MemoryStore } from "./memory-store.js";

/** The environment that most tests use. */
export const KEY = { app: "shop", environment: "local" } as const;

/** Times that do not keep a test waiting. */
export const PACE: FeedPace = {
  pollMs: 20,
  overlapMs: 1_000,
  renewMs: 60_000,
  renewEmptyMs: 60_000,
  secretsMs: 60_000,
  settleMs: 20,
  releasesMs: 20,
};

/** A feed of these logs; closed with the test. */
export function feedOf(
  store: MemoryStore,
  fakes: readonly FakeLogs[],
  changed: Partial<FeedPace> = {},
): Feed {
  const apps = createFakeRegistry(fakes.map(({ deployer }) => deployer));
  const feed = createFeed({ store, apps, now: Date.now, pace: { ...PACE, ...changed } });
  onTestFinished(() => feed.close());
  return feed;
}

/** Waits until it is so, on a busy machine too. */
export async function until(what: string, isSo: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1_000; tries++) {
    if (isSo()) return;
    await wait(10);
  }
  throw new Error(`never: ${what}`);
}

/** What is stored. */
export const texts = (store: MemoryStore, of: { app: string; environment: string } = KEY): string[] =>
  store.lines(of).map(({ text }) => text);
