import { claim, round, runAlone } from "../lib/figures.mjs";
import { measureIntake } from "./intake.mjs";
import { measureScreen } from "./screen.mjs";
import { runStore } from "./store.mjs";
import { runViewers } from "./viewers.mjs";

/*
 * The console: its store beside gzip and grep, lines from a process into the store and onto a screen, and what many viewers of
 * one stream cost beside one. Needs built packages, and Chromium.
 */

export const measured =
  "The store in one process, beside gzip and grep on the same text; lines of a real process through the local provider; Chromium without a window: frames and tasks by its own tracing, the heap by its debugger; viewers are sockets of another process.";

/** Measures; with `quick` shorter, and with fewer lines. */
export async function run({ quick = false } = {}) {
  const store = await runStore({ quick });
  const viewers = await runViewers({ quick });
  const intake = await measureIntake({ quick });
  const { paint, flow, burst } = await measureScreen({ quick });
  return {
    rows: [
      ...store.rows,
      ...viewers.rows,
      { what: "lines of a process stored per second", value: Math.round(intake.count / intake.seconds) },
      { what: "first paint of a cold start, ms", value: Math.round(paint.ms) },
      { what: "script before the first page, kB as sent", value: round(paint.scriptBytes / 1000) },
      { what: "5,000 lines/s on the screen: frames", value: flow.frames },
      { what: "5,000 lines/s on the screen: longest frame, ms", value: round(flow.longest) },
      { what: "burst of 100,000 lines: longest task, ms", value: round(burst.longTask) },
      { what: "burst of 100,000 lines: heap, MB more", value: round(burst.heapGrowth / 1e6) },
      { what: "burst of 100,000 lines: nodes of the page", value: burst.nodes },
    ],
    claims: [
      ...store.claims,
      ...viewers.claims,
      claim("lines of a process lost or doubled", intake.lost + intake.doubled, 0),
      claim(
        "50,000 lines/s from a process: time beside printing them",
        (intake.seconds * 50_000) / intake.count,
        1.2,
      ),
      claim("5,000 lines/s on the screen: frames of 99 % beside 50 ms", flow.p99 / 50, 1),
      claim("5,000 lines/s on the screen: longest task beside 50 ms", flow.longTask / 50, 1),
      claim("burst of 100,000 lines: longest task beside 200 ms", burst.longTask / 200, 1),
      claim("burst of 100,000 lines: heap beside 64 MB", burst.heapGrowth / 64e6, 1),
    ],
  };
}

await runAlone(import.meta.url, run);
