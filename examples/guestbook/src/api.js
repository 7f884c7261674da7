// The only process that serves the database to others; it is internal, `web` finds it by API_URL.
import { closeStreams, openStream, watchChanges } from "./changes.js";
import { CHANGES, inTransaction, pool } from "./database.js";
import { HttpError, readBody, sendJson, sendText, serve } from "./serve.js";

serve(
  {
    "GET /healthz": async (_request, response) => {
      await pool.query("select 1");
      sendText(response, 200, "ok\n");
    },
    "GET /entries": async (_request, response) => {
      const [entries, counts, digest] = await Promise.all([
        pool.query(
          "select id, author, message, state, written_at from entries where state <> 'hidden' order by id desc limit 50",
        ),
        pool.query("select what, number::int from counts order by what"),
        pool.query("select made_at, entries::int, authors::int from digests order by made_at desc limit 1"),
      ]);
      sendJson(response, 200, {
        entries: entries.rows,
        counts: Object.fromEntries(counts.rows.map(({ what, number }) => [what, number])),
        digest: digest.rows[0],
      });
    },
    "POST /entries": async (request, response) => {
      const { author, message } = parseEntry(await readBody(request));
      const id = await inTransaction(async (client) => {
        const { rows } = await client.query(
          "insert into entries (author, message) values ($1, $2) returning id",
          [author, message],
        );
        await client.query("insert into review_queue (entry) values ($1)", [rows[0].id]);
        await client.query(`notify ${CHANGES}`);
        return rows[0].id;
      });
      sendJson(response, 201, { id });
    },
    "GET /changes": (_request, response) => openStream(response),
  },
  { onStop: closeStreams },
);
void watchChanges();

function parseEntry(text) {
  let entry;
  try {
    entry = JSON.parse(text);
  } catch {
    throw new HttpError(400, "That is not JSON.");
  }
  const author = String(entry?.author ?? "").trim();
  const message = String(entry?.message ?? "").trim();
  if (author === "" || author.length > 80) throw new HttpError(422, "A name has 1 to 80 characters.");
  if (message === "" || message.length > 2000)
    throw new HttpError(422, "A message has 1 to 2000 characters.");
  return { author, message };
}
