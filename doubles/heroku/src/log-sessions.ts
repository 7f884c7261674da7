import { randomUUID } from "node:crypto";
import type { ServerResponse } from "node:http";
import { answer, type Call, type Route, text } from "./http.js";
import { now } from "./ids.js";
import { appOf } from "./lookup.js";
import type { App, LogLine } from "./state.js";
import type { World } from "./world.js";

interface Session {
  readonly app: App;
  readonly tail: boolean;
  readonly count: number;
  readonly fits: (line: LogLine) => boolean;
  readonly expires: number;
  readonly fir: boolean;
}

/** Log sessions: made by the API, read at a URL which needs no token. */
export interface LogSessions {
  readonly routes: Route[];
  readonly world: World;
  readonly open: Map<string, Session>;
}

/** Makes the family of log sessions. */
export function createLogSessions(world: World): LogSessions {
  const open = new Map<string, Session>();
  function create(call: Call): string {
    const app = appOf(world, call, "view");
    const { body } = call;
    const dyno = text(body, "dyno") ?? text(body, "dyno_name");
    const type = text(body, "type");
    const source = text(body, "source");
    const fir = app.generation === "fir";
    const id = randomUUID();
    open.set(id, {
      app,
      tail: fir || body.tail === true,
      count: fir ? 0 : Math.min(1500, typeof body.lines === "number" ? body.lines : 100),
      expires: Date.now() + world.delays.logSessionUnopened,
      fir,
      fits: (line) =>
        (source === undefined || line.source === source) &&
        (type === undefined || line.process.split(".")[0] === type) &&
        // A process type is taken where a dyno's name is expected.
        (dyno === undefined || line.process === dyno || line.process.split(".")[0] === dyno),
    });
    return id;
  }
  return {
    world,
    open,
    routes: [
      {
        method: "POST",
        path: "/apps/{app}/log-sessions",
        handle: (call) => {
          const id = create(call);
          const logplex_url = `${world.urls.streams}/logs/${id}`;
          return answer({ created_at: now(), id, logplex_url, updated_at: now() }, 201);
        },
      },
    ],
  };
}

/**
 * Sends the lines of a session: as events to who asks for them, else as text. Ends when its time is over.
 *
 * Fir's text has no line ends: a client has to ask for events.
 */
export function logSessionOf(
  sessions: LogSessions,
  id: string,
  accept: string | undefined,
  response: ServerResponse,
): void {
  const session = sessions.open.get(id);
  if (session === undefined || session.expires < Date.now()) {
    response.writeHead(404, { "Content-Type": "text/plain" });
    return void response.end("no such session");
  }
  const { world } = sessions;
  const { app, fits } = session;
  const events = accept?.includes("text/event-stream") ?? false;
  const type = events ? "text/event-stream" : "text/plain; charset=utf-8";
  response.writeHead(200, { "Content-Type": type });
  response.flushHeaders();
  const write = (line: LogLine): void => {
    const words = `${line.at} ${line.source}[${line.process}]: ${line.message}`;
    response.write(events ? `data: ${words}\n\n` : session.fir ? words : `${words}\n`);
  };
  const history = app.logs.slice(-1500).filter(fits);
  for (const line of session.count === 0 ? [] : history.slice(-session.count)) write(line);
  if (!session.tail) return void response.end();
  let seen = app.logs.length;
  const stop = world.follow(app, () => {
    for (const line of app.logs.slice(seen)) if (fits(line)) write(line);
    seen = app.logs.length;
  });
  const timer = setTimeout(() => {
    sessions.open.delete(id);
    response.end();
  }, world.delays.logSessionOpen);
  response.on("close", () => {
    stop();
    clearTimeout(timer);
  });
}
