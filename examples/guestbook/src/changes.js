import pg from "pg";
import { CHANGES } from "./database.js";

const streams = new Set();
let stopped = false;
let listener;

/** Listens for changes in the database and tells every open stream; connects again when it is cut off. */
export async function watchChanges() {
  if (stopped) return;
  listener = new pg.Client({ connectionString: process.env.DATABASE_URL });
  listener.on("notification", () => tellAll("event: change\ndata: {}\n\n"));
  listener.on("error", () => {});
  listener.on("end", () => setTimeout(watchChanges, 1000).unref());
  try {
    await listener.connect();
    await listener.query(`listen ${CHANGES}`);
  } catch (error) {
    console.warn(`cannot listen for changes: ${error.message}`);
    await listener.end().catch(() => {});
  }
}

/** Keeps `response` open as a stream of server-sent events. */
export function openStream(response) {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  response.write("event: hello\ndata: {}\n\n");
  streams.add(response);
  response.on("close", () => streams.delete(response));
}

/** Ends every stream; browsers come back by themselves, to whoever serves then. */
export async function closeStreams() {
  stopped = true;
  for (const response of streams) response.end();
  await listener?.end().catch(() => {});
}

// A line of comment now and then keeps proxies from taking a silent stream for a dead one.
setInterval(() => tellAll(":\n\n"), 15_000).unref();

function tellAll(text) {
  for (const response of streams) response.write(text);
}
