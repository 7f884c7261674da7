import { rmSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import type { Subject } from "@deploy/conformance/vitest";
import type { Context, Scope } from "@deploy/core";
import { createClient } from "../../src/client.js";
import { findHome } from "../../src/home.js";
import { local } from "../../src/index.js";
import { connectSql, type SqlRows } from "../../src/supervisor/databases/postgres/wire.js";
import { secretsPath } from "../../src/supervisor/secret-store/secrets-file.js";
import { eventually } from "./poll.js";
import { isRunning } from "./processes.js";
import type { Workspace } from "./workspace.js";

/** Answers on `/`, and prints the lines it is sent. */
const server = `
const { createServer } = require("node:http");
createServer(async (request, response) => {
  if (request.url === "/print") for await (const chunk of request) process.stdout.write(chunk);
  response.end("ok");
}).listen(Number(process.env.PORT), "127.0.0.1");
`;

/** What the kit needs to try the local provider: a home of its own, an app, and hands that reach behind it. */
export function localSubject(space: Workspace): Subject {
  const directory = space.files("conformance", { "server.cjs": server });
  const behind =
    (method: string, ...path: readonly string[]) =>
    async (scope: Scope, context: Context, body?: Record<string, unknown>): Promise<void> => {
      const client = createClient(findHome(context.env), context);
      await client.call(method, ["environments", scope.app, scope.environment, ...path], body);
    };
  return {
    provider: () => local({ port: space.port }),
    context: { env: space.env },
    timeouts: { scenario: 60_000, abort: 5_000, logs: 15_000 },
    fixtures: {
      app: { directory, web: "node server.cjs" },
      ask: (_url, host) => ask(space.port, host, "/"),
      print: async (scope, lines) => {
        const host = `${scope.environment}.${scope.app}.localhost`;
        await ask(space.port, host, "/print", lines.map((line) => `${line}\n`).join(""));
      },
      quickAddon: "redis",
      data: {
        postgres: {
          write: async (url, text) => {
            await query(
              url,
              `CREATE TABLE IF NOT EXISTS kept (text text); DELETE FROM kept; INSERT INTO kept VALUES ('${text}')`,
            );
          },
          read: async (url) => (await query(url, "SELECT text FROM kept"))[0]?.[0] ?? undefined,
        },
      },
      tamper: {
        supervisor: async () => {
          const { pid } = space.supervisor();
          process.kill(pid, "SIGKILL");
          await eventually("the supervisor has ended", () => !isRunning(pid));
        },
        routes: (scope, context) => behind("PUT", "routes")(scope, context, { routes: [] }),
        processes: behind("DELETE", "processes"),
        database: behind("DELETE", "addons", "db"),
        image: async (scope) => rmSync(join(space.home, "images", scope.app), { recursive: true }),
        secret: async (scope) =>
          rmSync(secretsPath(join(space.home, "secrets"), scope.app, scope.environment)),
      },
    },
  };
}

async function query(url: string, statement: string): Promise<SqlRows> {
  const { port, username: user, password, pathname } = new URL(url);
  const connection = await connectSql({ port: Number(port), user, password, database: pathname.slice(1) });
  try {
    return await connection.query(statement);
  } finally {
    connection.close();
  }
}

function ask(
  port: number,
  host: string,
  path: string,
  body?: string,
): Promise<{ readonly status: number; readonly text: string; readonly location?: string }> {
  return new Promise((resolve, reject) => {
    const method = body === undefined ? "GET" : "POST";
    const sent = request(
      { host: "127.0.0.1", port, path, method, agent: false, headers: { host } },
      (answer) => {
        let text = "";
        answer.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk;
        });
        answer.once("error", reject);
        const { location } = answer.headers;
        answer.once("end", () =>
          resolve({ status: answer.statusCode ?? 0, text, ...(location === undefined ? {} : { location }) }),
        );
      },
    );
    sent.once("error", reject);
    sent.end(body);
  });
}
