import { createServer } from "node:http";
import { query } from "./database.mjs";

// The only process that writes orders. Nobody outside reaches it.
const server = createServer(async (request, response) => {
  try {
    if (request.url === "/healthz") return void response.end("ok");
    if (request.method === "POST") await query("INSERT INTO orders DEFAULT VALUES");
    const [orders, packed] = (await query("SELECT count(*), count(packed_at) FROM orders")).split("|");
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ orders: Number(orders), packed: Number(packed) }));
  } catch (error) {
    console.error("a request failed:", error.message);
    response.writeHead(500).end("something went wrong");
  }
});
server.listen(Number(process.env.PORT), () => console.log(`listening on ${process.env.PORT}`));
process.on("SIGTERM", () => server.close(() => process.exit(0)));
