import { fork } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { claim, median, round, runAlone } from "../lib/figures.mjs";
import { signIn } from "./sign-in.mjs";
import { openStage } from "./stage.mjs";

/*
 * What 200 viewers of one stream cost the console beside one, at the same rate of lines: CPU time of this process, in which the
 * console runs; the viewers are sockets of another one.
 */

const RATE = 2_000;
const VIEWERS = 200;
const client = fileURLToPath(new URL("./viewers-client.mjs", import.meta.url));

/** Measures; with `quick` fewer and shorter rounds. */
export async function runViewers({ quick = false } = {}) {
  const rounds = quick ? 1 : 3;
  const count = RATE * (quick ? 4 : 8);
  const stage = await openStage();
  try {
    const cookie = await signIn(stage.console);
    // The first lines open files and compile what is hot.
    await measure(stage, cookie, 1, count / 2);
    const alone = [];
    const together = [];
    for (let turn = 0; turn < rounds; turn += 1) {
      alone.push(await measure(stage, cookie, 1, count));
      together.push(await measure(stage, cookie, VIEWERS, count));
    }
    const one = median(alone.map(({ cpu }) => cpu));
    const many = median(together.map(({ cpu }) => cpu));
    const missed = [...alone, ...together].reduce((sum, each) => sum + each.missed, 0);
    return {
      rows: [
        { what: `CPU of the server with 1 viewer, ${RATE} lines/s, ms per second`, value: round(one) },
        { what: `CPU of the server with ${VIEWERS} viewers, ms per second`, value: round(many) },
      ],
      claims: [
        claim(`${VIEWERS} viewers of one stream: CPU of the server beside one`, many / one, 3),
        claim("lines that a viewer was not sent", missed, 0),
      ],
    };
  } finally {
    await stage.close();
  }
}

async function measure(stage, cookie, viewers, count) {
  const child = fork(client, [stage.console.url, cookie, String(viewers)]);
  try {
    await nextMessage(child);
    const before = process.cpuUsage();
    const started = performance.now();
    await stage.print(count, RATE);
    let seen = { least: 0, most: 0, skipped: 0 };
    while (seen.least < count && performance.now() - started < 60_000) {
      await sleep(250);
      child.send("count");
      seen = await nextMessage(child);
    }
    const { user, system } = process.cpuUsage(before);
    const seconds = (performance.now() - started) / 1000;
    // The same lines in either case: whoever took longer has not been cheaper.
    return {
      cpu: (user + system) / 1000 / (count / RATE),
      seconds,
      missed: count - seen.least + seen.skipped,
    };
  } finally {
    child.kill();
  }
}

function nextMessage(child) {
  return new Promise((resolve, reject) => {
    const ended = (code) => reject(new Error(`the viewers ended with ${code}`));
    child.once("exit", ended);
    child.once("message", (message) => {
      child.off("exit", ended);
      resolve(message);
    });
  });
}

await runAlone(import.meta.url, runViewers);
