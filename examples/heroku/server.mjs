import { createServer } from "node:http";
import { query } from "./database.mjs";
import { push } from "./queue.mjs";

const server = createServer(async (request, response) => {
  try {
    if (request.url === "/healthz") return void response.end("ok");
    if (request.method === "POST") {
      await query("INSERT INTO pairs (members) VALUES ('{1,2}')");
      await push("pairs", "one more");
    }
    const pairs = await query("SELECT count(*) FROM pairs");
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ pairs: Number(pairs), release: process.env.RELEASE ?? null }));
  } catch (error) {
    console.error("a request failed:", error.message);
    response.writeHead(500).end("something went wrong");
  }
});
server.listen(Number(process.env.PORT), () => console.log(`listening on ${process.env.PORT}`));
process.on("SIGTERM", () => server.close(() => process.exit(0)));
