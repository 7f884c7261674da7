import { openSync, writeSync } from "node:fs";

// Run by crash.test.ts: prints numbered lines in uneven pieces, cut anywhere, for about as long as it is told.
const [path, count, duration] = process.argv.slice(2) as [string, string, string];
const descriptor = openSync(path, "a");
const total = Number(count);
const start = performance.now();
let text = "";
for (let number = 0; number < total; number++) {
  text += `line ${number} äöü ${"x".repeat(number % 50)}\n`;
  if (text.length < 20_000 && number < total - 1) continue;
  const bytes = Buffer.from(text);
  const middle = Math.floor(bytes.length * Math.random());
  writeSync(descriptor, bytes.subarray(0, middle));
  writeSync(descriptor, bytes.subarray(middle));
  text = "";
  const due = (number / total) * Number(duration) - (performance.now() - start);
  if (due > 1) await new Promise((resolve) => setTimeout(resolve, due));
}
