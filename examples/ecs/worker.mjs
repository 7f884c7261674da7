import { setTimeout as rest } from "node:timers/promises";
import { query } from "./database.mjs";

// Takes one order after the other; another worker beside it takes others.
const packNext = `UPDATE orders SET packed_at = now() WHERE id = (
  SELECT id FROM orders WHERE packed_at IS NULL ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
) RETURNING id`;

console.log("the worker waits for orders");
const stop = new AbortController();
process.on("SIGTERM", () => stop.abort());
while (!stop.signal.aborted) {
  const order = await query(packNext).catch((error) => void console.error("the database:", error.message));
  if (order) console.log(`packed order ${order}`);
  else await rest(500, undefined, { signal: stop.signal }).catch(() => undefined);
}
