// Prints numbered lines of 100 bytes, newline included: `rate` of them a second, or as fast as it can at rate 0.
import { openSync, writeSync } from "node:fs";

const [path, countText, rateText] = process.argv.slice(2);
const descriptor = openSync(path, "a");
const count = Number(countText);
const rate = Number(rateText);
const start = performance.now();
for (let number = 0; number < count; ) {
  const due = rate === 0 ? count : Math.min(count, Math.floor(((performance.now() - start) / 1000) * rate));
  for (; number < due; number += 10) {
    let text = "";
    for (let line = number; line < Math.min(number + 10, count); line++) {
      text +=
        `${String(line).padStart(9, "0")} ${"the quick brown fox jumps over the lazy dog, ".repeat(2)}\n`
          .slice(-100)
          .padStart(100, "0");
    }
    writeSync(descriptor, text);
  }
  if (number < count) await new Promise((resolve) => setTimeout(resolve, 2));
}
