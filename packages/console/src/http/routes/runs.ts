import type { WebSocket } from "ws";
import type { Caller } from "../../access/types.js";
import { parseRunEvent } from "../../runs/parse-event.js";
import type { Run, RunEvent } from "../../runs/types.js";
import type { RunAppended, RunDetail, RunList, RunMessage, RunStarted } from "../../shared/run-types.js";
import type { Route, RouteRequest, SocketRequest } from "../route.js";
import { badRequest, environmentOf, fieldsOf, notFound, optionalText } from "./environment-of.js";

const base = "/api/apps/:app/environments/:environment/runs";

/** Events that are taken, and given, at once. */
const mostAppended = 500;
const mostGiven = 2_000;
const mostListed = 200;
/** More than this unsent, in bytes, and a viewer is told where to load instead. */
const mostUnsent = 1_048_576;
const lookAgainMs = 250;

/** Runs from anybody's terminal or CI: told by tokens, watched by whoever may see the app. */
export const runsRoutes: readonly Route[] = [
  {
    method: "POST",
    path: base,
    action: "runs.publish",
    handle: async (request) => {
      const { app, environment } = environmentOf(request);
      const fields = await fieldsOf(request, ["operation", "by"]);
      const operation = optionalText(fields.operation, "operation") ?? "";
      if (!/^[a-z][a-z-]{0,31}$/.test(operation)) {
        throw badRequest('"operation" has to be a word such as "up".');
      }
      const by = publisher(request.caller, optionalText(fields.by, "by"));
      const run = await request.services.runs.start({ app, environment, operation, by });
      return Response.json({ run } satisfies RunStarted, { status: 201 });
    },
  },
  {
    method: "POST",
    path: `${base}/:id/events`,
    action: "runs.publish",
    maxBody: 4 * 1024 * 1024,
    handle: async (request) => {
      const run = await runOf(request);
      const { events } = await fieldsOf(request, ["events"]);
      if (!Array.isArray(events) || events.length > mostAppended) {
        throw badRequest(`"events" has to be a list of at most ${mostAppended}.`);
      }
      const parsed = events.map(parseRunEvent);
      const wrong = parsed.indexOf(undefined);
      if (wrong !== -1) throw badRequest(`The event at ${wrong} is none.`);
      const given = parsed.filter((event) => event !== undefined);
      await request.services.runs.append(run.id, given);
      return Response.json({ last: given.at(-1)?.number ?? 0 } satisfies RunAppended);
    },
  },
  {
    method: "POST",
    path: `${base}/:id/end`,
    action: "runs.publish",
    handle: async (request) => {
      const { id } = await runOf(request);
      const { state, release } = await fieldsOf(request, ["state", "release"]);
      if (state !== "done" && state !== "failed" && state !== "cancelled") {
        throw badRequest('"state" has to be done, failed or cancelled.');
      }
      if (release !== undefined && !isReleaseNumber(release)) {
        throw badRequest('"release" has to be a number of a release.');
      }
      const { runs } = request.services;
      await runs.end(id, { state, ...(release === undefined ? {} : { release }) });
      const run = await runs.get(id);
      if (run === undefined) throw notFound("There is no such run.");
      return Response.json({ run } satisfies RunStarted);
    },
  },
  {
    method: "GET",
    path: base,
    action: "app.read",
    handle: async (request) => {
      const { app, environment } = environmentOf(request);
      const limit = numberIn(request.url, "limit", 50, mostListed);
      const runs = await request.services.runs.list(app, environment, limit);
      return Response.json({ runs } satisfies RunList);
    },
  },
  {
    method: "GET",
    path: `${base}/:id`,
    action: "app.read",
    handle: async (request) => {
      const run = await runOf(request);
      const after = numberIn(request.url, "after", 0, Number.MAX_SAFE_INTEGER);
      const events = await request.services.runs.events(run.id, after);
      const answer: RunDetail = {
        run,
        events: events.slice(0, mostGiven),
        more: events.length > mostGiven,
      };
      return Response.json(answer);
    },
  },
  {
    method: "SOCKET",
    path: `${base}/live`,
    action: "app.read",
    check: (request) => void environmentOf(request),
    connect: watchRuns,
  },
];

/** The run that the path names, of the app and environment that it names: another app's is not there. */
async function runOf({ params, services }: RouteRequest): Promise<Run> {
  const { app, environment } = environmentOf({ params, services });
  const run = await services.runs.get(params.id ?? "");
  if (run !== undefined && run.app === app && run.environment === environment) return run;
  throw notFound("There is no such run.");
}

/** What a token says of itself is believed as words only: its name stands beside them. */
function publisher(caller: Caller, by: string | undefined): string {
  const said = by?.trim() === "" ? undefined : by?.trim();
  if (caller.kind === "person")
    return said === undefined ? caller.person.email : `${said} (${caller.person.email})`;
  const name = caller.kind === "token" ? caller.token.name : "somebody";
  return said === undefined ? name : `${said} (${name})`;
}

function isReleaseNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0;
}

function numberIn(url: URL, name: string, otherwise: number, most: number): number {
  const text = url.searchParams.get(name);
  if (text === null) return otherwise;
  const value = Number(text);
  if (/^\d{1,16}$/.test(text) && value <= most) return value;
  throw badRequest(`"${name}" has to be a whole number of at most ${most}.`);
}

/** The newest runs, then whatever changes; a viewer who is too slow is told which run to load again. */
async function watchRuns({ params, services, socket, signal }: SocketRequest): Promise<void> {
  const { app, environment } = environmentOf({ params, services });
  const early: (readonly [Run, readonly RunEvent[]])[] = [];
  const skipped = new Map<string, Run>();
  let begun = false;
  let timer: NodeJS.Timeout | undefined;

  const catchUp = (): void => {
    timer = undefined;
    if (socket.bufferedAmount > mostUnsent) {
      timer = setTimeout(catchUp, lookAgainMs);
      return;
    }
    for (const run of skipped.values()) send(socket, { type: "skipped", run });
    skipped.clear();
  };
  const show = (run: Run, events: readonly RunEvent[]): void => {
    if (skipped.size > 0 || socket.bufferedAmount > mostUnsent) {
      skipped.set(run.id, run);
      timer ??= setTimeout(catchUp, lookAgainMs);
    } else send(socket, { type: "run", run, events });
  };
  const stop = services.runs.subscribe((run, events) => {
    if (run.app !== app || run.environment !== environment) return;
    if (begun) show(run, events);
    else early.push([run, events]);
  });
  const leave = (): void => {
    stop();
    clearTimeout(timer);
  };
  signal.addEventListener("abort", leave, { once: true });
  if (signal.aborted) leave();
  send(socket, { type: "runs", runs: await services.runs.list(app, environment, 20) });
  begun = true;
  for (const [run, events] of early) show(run, events);
}

function send(socket: WebSocket, message: RunMessage): void {
  if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(message));
}
