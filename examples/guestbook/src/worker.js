// Takes entries from the queue, one at a time, shows or hides them and keeps the counts.
import { setTimeout as wait } from "node:timers/promises";
import { CHANGES, inTransaction, pool } from "./database.js";

const unwanted = /\b(?:casino|lottery|viagra)\b/i;
const stopping = new AbortController();
process.once("SIGTERM", () => stopping.abort());

console.log("waiting for entries");
while (!stopping.signal.aborted) {
  const found = await reviewNext().catch((error) => {
    console.error(`review failed: ${error.message}`);
    return false;
  });
  if (!found) await wait(300, undefined, { signal: stopping.signal }).catch(() => {});
}
console.log("stopping: nothing is left half done");
await pool.end();

async function reviewNext() {
  return inTransaction(async (client) => {
    // Several workers share the queue: what one has locked the others pass over.
    const { rows } = await client.query(
      `delete from review_queue where entry = (
         select entry from review_queue order by entry limit 1 for update skip locked
       ) returning entry`,
    );
    if (rows.length === 0) return false;
    const [entry] = (
      await client.query("select id, author, message from entries where id = $1", [rows[0].entry])
    ).rows;
    const state = unwanted.test(entry.message) ? "hidden" : "shown";
    await client.query("update entries set state = $2 where id = $1", [entry.id, state]);
    await count(client, state, 1);
    await count(client, "words", entry.message.split(/\s+/).length);
    await client.query(`notify ${CHANGES}`);
    console.log(`entry ${entry.id} by ${JSON.stringify(entry.author)}: ${state}`);
    return true;
  });
}

async function count(client, what, number) {
  await client.query(
    "insert into counts values ($1, $2) on conflict (what) do update set number = counts.number + excluded.number",
    [what, number],
  );
}
