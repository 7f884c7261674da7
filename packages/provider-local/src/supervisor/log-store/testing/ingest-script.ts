import type { LogSource } from "../source.js";
import { createLogStore } from "../store.js";

// Run by crash.test.ts: ingests one source until it is killed, or with "detach" until that source has ended.
const [directory, source, mode] = process.argv.slice(2) as [string, string, string];
const parsed = JSON.parse(source) as LogSource;
const limits = { segmentSize: 1_000_000, reclaimSize: 300_000, interval: 2 };
const store = createLogStore({ directory, limits });
await store.attach(parsed);
process.stdout.write("ready");
if (mode === "detach") {
  await store.detach(parsed);
  await store.close();
} else {
  setInterval(() => undefined, 1000);
}
