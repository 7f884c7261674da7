import pg from "pg";

/** Connections to the database that `DATABASE_URL` names. */
export const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 5 });

// A restored or restarted database closes idle connections; the next query opens a new one.
pool.on("error", (error) => console.warn(`lost a database connection: ${error.message}`));

/** The channel on which everybody hears that entries have changed. */
export const CHANGES = "guestbook_changes";

/** Runs `work` in a transaction of its own. */
export async function inTransaction(work) {
  const client = await pool.connect();
  try {
    await client.query("begin");
    const result = await work(client);
    await client.query("commit");
    client.release();
    return result;
  } catch (error) {
    // Closing the connection rolls back, even when it is the connection that broke.
    client.release(true);
    throw error;
  }
}
