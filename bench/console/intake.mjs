import { setTimeout as sleep } from "node:timers/promises";
import { signIn } from "./sign-in.mjs";
import { openStage } from "./stage.mjs";

/*
 * From a process's output into the store, through the provider: 50,000 lines a second for some seconds, counted by their
 * numbers in what the console hands out afterwards.
 */

const RATE = 50_000;

/**
 * @param {{ quick?: boolean }} [options]
 */
export async function measureIntake({ quick = false } = {}) {
  const stage = await openStage();
  try {
    const count = RATE * (quick ? 3 : 10);
    const cookie = await signIn(stage.console);
    const logs = `${stage.console.url}/api/apps/printer/environments/local/logs`;
    const ask = (path) => fetch(`${logs}${path}`, { headers: { cookie } });
    const started = performance.now();
    await stage.print(count, RATE);
    for (let stored = 0; stored < count && performance.now() - started < 120_000; ) {
      await sleep(100);
      const { bounds } = await (await ask("/facts")).json();
      stored = bounds.lines;
    }
    const seconds = (performance.now() - started) / 1000;
    const text = await (await ask("/download?format=text&process=web")).text();
    const seen = new Set(text.match(/n=\d{8}/g));
    return {
      count,
      seconds,
      lost: count - seen.size,
      doubled: (text.match(/n=\d{8}/g) ?? []).length - seen.size,
    };
  } finally {
    await stage.close();
  }
}
