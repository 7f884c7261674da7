import { pop } from "./queue.mjs";

console.log("the worker waits for pairs");
const stop = new AbortController();
process.on("SIGTERM", () => stop.abort());
while (!stop.signal.aborted) {
  const job = await pop("pairs").catch((error) => void console.error("the queue:", error.message));
  if (job !== undefined) console.log(`worked on ${job}`);
}
