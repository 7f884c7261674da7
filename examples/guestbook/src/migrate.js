// The release command: applies what is new in migrations/, each file once and whole, and is safe to repeat.
import { readdir, readFile } from "node:fs/promises";
import { inTransaction, pool } from "./database.js";

const directory = new URL("../migrations/", import.meta.url);
const files = (await readdir(directory)).filter((name) => /^\d{3}_\w+\.sql$/.test(name)).sort();

const applied = await inTransaction(async (client) => {
  // Two runs at once take turns; the lock ends with the transaction.
  await client.query("select pg_advisory_xact_lock(hashtext('guestbook migrations'))");
  await client.query(
    "create table if not exists schema_migrations (name text primary key, applied_at timestamptz not null default now())",
  );
  const known = new Set(
    (await client.query("select name from schema_migrations")).rows.map(({ name }) => name),
  );
  const fresh = files.filter((name) => !known.has(name));
  for (const name of fresh) {
    await client.query(await readFile(new URL(name, directory), "utf8"));
    await client.query("insert into schema_migrations (name) values ($1)", [name]);
    console.log(`applied ${name}`);
  }
  return fresh.length;
});
console.log(
  applied === 0
    ? `nothing to apply: all ${files.length} migrations are there`
    : `applied ${applied} migrations`,
);
await pool.end();
