import { createHmac } from "node:crypto";
import { createServer } from "node:http";

const greeting = "one order at a time";

const server = createServer(async (request, response) => {
  try {
    if (request.url === "/healthz") return void response.end("ok");
    // The api is found by its name, wherever it runs.
    const answer = await fetch(process.env.API_URL, { method: request.method === "POST" ? "POST" : "GET" });
    if (!answer.ok) throw new Error(`the api answers ${answer.status}`);
    const body = JSON.stringify({ greeting, ...(await answer.json()) });
    const signature = createHmac("sha256", process.env.SECRET_KEY).update(body).digest("hex");
    response.writeHead(200, { "content-type": "application/json", "x-signature": signature });
    response.end(body);
  } catch (error) {
    console.error("a request failed:", error.message);
    response.writeHead(500).end("something went wrong");
  }
});
server.listen(Number(process.env.PORT), () => console.log(`listening on ${process.env.PORT}`));
process.on("SIGTERM", () => server.close(() => process.exit(0)));
