// The job: sums up the guestbook.
import { CHANGES, pool } from "./database.js";

const { rows } = await pool.query(
  `insert into digests (entries, authors)
   select count(*), count(distinct author) from entries where state = 'shown'
   returning entries, authors`,
);
await pool.query(`notify ${CHANGES}`);
console.log(`digest: ${rows[0].entries} entries by ${rows[0].authors} people`);
await pool.end();
