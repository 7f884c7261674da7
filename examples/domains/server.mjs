import { createServer } from "node:http";

// Where the ingress cannot redirect (Heroku's router does not), the app leads www to its one true host by itself.
const server = createServer((request, response) => {
  const host = request.headers.host ?? "";
  if (request.url === "/healthz") return void response.end("ok\n");
  if (host.startsWith("www.")) {
    response.writeHead(301, { location: `https://${host.slice("www.".length)}${request.url}` });
    return void response.end();
  }
  response.setHeader("content-type", "text/plain; charset=utf-8");
  response.end(`Hello from ${host}\n`);
});

server.listen(Number(process.env.PORT ?? 8080));
process.on("SIGTERM", () => server.close(() => process.exit(0)));
