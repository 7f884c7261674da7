import { randomUUID } from "node:crypto";
import { type IncomingMessage, type ServerResponse, request as send } from "node:http";
import type { App, Dyno } from "./state.js";
import type { World } from "./world.js";

const pages: Readonly<Record<string, string>> = {
  H10: "App crashed",
  H13: "Connection closed without response",
  H14: "No web processes running",
  H20: "App boot timeout",
  H80: "Maintenance mode",
};

/** Answers for an app as Heroku's router does: by one of its web dynos, or with a page of its own and a line in the log. */
export async function serveApp(
  world: World,
  app: App,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const began = Date.now();
  const id = randomUUID();
  const fail = (code: string): void => {
    log("error", { code, status: 503, desc: pages[code] ?? "" });
    response.writeHead(503, { "Content-Type": "text/html; charset=utf-8" });
    response.end(`<html><body><h1>Application error</h1><p>${code}: ${pages[code]}</p></body></html>`);
  };
  const log = (
    at: string,
    more: { code?: string; desc?: string; status: number; dyno?: string; bytes?: number },
  ): void => {
    const { host = "" } = request.headers;
    world.log(
      app,
      "heroku",
      "router",
      `at=${at}${more.code ? ` code=${more.code} desc="${more.desc}"` : ""} method=${request.method} path="${request.url}" host=${host} request_id=${id} fwd="127.0.0.1" dyno=${more.dyno ?? ""} connect=0ms service=${Date.now() - began}ms status=${more.status} bytes=${more.bytes ?? 0} protocol=http`,
    );
  };
  if (app.maintenance) return fail("H80");
  const web = app.dynos.filter((dyno) => dyno.type === "web");
  if (web.length === 0) return fail("H14");
  const up = await settled(world, app);
  if (up.length === 0)
    return fail(app.dynos.some((one) => one.type === "web" && one.state === "crashed") ? "H10" : "H20");
  const dyno = up[Math.floor(Math.random() * up.length)] as Dyno;
  const forward = send(
    {
      host: "127.0.0.1",
      port: dyno.port,
      method: request.method,
      path: request.url,
      headers: {
        ...request.headers,
        "x-request-id": id,
        "x-forwarded-for": "127.0.0.1",
        "x-forwarded-proto": "https",
      },
      agent: false,
    },
    (answered) => {
      let bytes = 0;
      answered.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
      });
      answered.on("end", () => log("info", { status: answered.statusCode ?? 0, dyno: dyno.name, bytes }));
      response.writeHead(answered.statusCode ?? 502, answered.headers);
      answered.pipe(response);
    },
  );
  forward.on("error", () => (response.headersSent ? response.destroy() : fail("H13")));
  request.pipe(forward);
}

/** The web dynos which take requests, once those that start have had their time. */
async function settled(world: World, app: App): Promise<Dyno[]> {
  const until = Date.now() + world.delays.boot;
  for (;;) {
    const web = app.dynos.filter((dyno) => dyno.type === "web");
    const up = web.filter((dyno) => dyno.state === "up" && dyno.port !== undefined);
    if (up.length > 0 || !web.some((dyno) => dyno.state === "starting") || Date.now() > until) return up;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
