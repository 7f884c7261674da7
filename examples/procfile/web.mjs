import { createServer } from "node:http";

const { PORT = "3000", DEPLOY_RELEASE = "?", DEPLOY_INSTANCE = "?" } = process.env;

const server = createServer((request, response) => {
  console.log(`${request.method} ${request.url}`);
  response.end(`Hello from release ${DEPLOY_RELEASE}, ${DEPLOY_INSTANCE}\n`);
});
server.listen(Number(PORT), "127.0.0.1", () => console.log(`listening on port ${PORT}`));

process.once("SIGTERM", () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
