import { writeSync } from "node:fs";
import { createLogStore } from "../../src/store/index.js";

/*
 * Stores numbered lines as fast as it can until it is killed, and says of each call what was acknowledged: `ack <first
 * number> <first line> <lines>`. It goes on behind its own checkpoint.
 *
 *   node store-writer.mjs <directory> <seed>
 */

const [directory = "", seed = "1"] = process.argv.slice(2);
// So little is kept that retention, too, is at work when it is killed.
const store = await createLogStore({ directory, limits: { days: 14, bytes: 400_000 } });
const stream = await store.stream({ app: "crash", environment: "test" });
let next = Number(stream.checkpoint("numbers") ?? -1) + 1;
let random = Number(seed);
const roll = (below: number): number => {
  random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((random / 2 ** 32) * below);
};
writeSync(1, "ready\n");

// Several at once, so that calls are written together.
for (;;) {
  await Promise.all(
    Array.from({ length: 1 + roll(4) }, async () => {
      const from = next;
      const count = 1 + roll(roll(20) === 0 ? 3000 : 200);
      next += count;
      const lines = Array.from({ length: count }, (_, index) => ({
        ...{ time: Date.now(), process: "web", instance: `web.${roll(3)}`, release: 1 },
        ...({ stream: "stdout", level: "info" } as const),
        text: `${from + index} ${"x".repeat(roll(120))}`,
      }));
      const first = await stream.append(lines, { source: "numbers", cursor: String(from + count - 1) });
      writeSync(1, `ack ${first} ${from} ${count}\n`);
    }),
  );
}
