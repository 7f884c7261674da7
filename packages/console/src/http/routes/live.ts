import type { Feed } from "../../feed/types.js";
import { createLiveHub, encode, type LiveHub } from "../../live/hub.js";
import { serveViewer } from "../../live/viewer.js";
import { filterFromQuery, unknownParameter, wholeFromQuery } from "../../shared/filter-query.js";
import type { LiveMessage, LogFilter } from "../../shared/log-types.js";
import { createMatcher } from "../../shared/match.js";
import { badQuery, wanted } from "../errors.js";
import type { Route } from "../route.js";
import { environmentOf } from "./environment-of.js";

type EndReason = Extract<LiveMessage, { readonly type: "ended" }>["reason"];

const REASONS: readonly EndReason[] = ["revoked", "signed-out", "shutdown"];

/** One hub for each feed that there is. */
const hubs = new WeakMap<Feed, LiveHub>();

/** New lines of an environment, from the line `after` on; without it, from now on. */
export const liveRoutes: readonly Route[] = [
  {
    method: "SOCKET",
    path: "/api/apps/:app/environments/:environment/logs/live",
    action: "logs.read",
    check: (request) => {
      environmentOf(request);
      const { filter } = queryOf(request.url);
      createMatcher(filter);
    },
    connect: async (request) => {
      const { services, socket, signal } = request;
      const { app, environment } = environmentOf(request);
      const key = { app, environment };
      const { filter, after } = queryOf(request.url);
      const group = hubOf(services.feed).group(key, filter);
      signal.addEventListener(
        "abort",
        () => {
          const reason = REASONS.find((one) => one === (signal.reason as Error).message);
          if (reason !== undefined) socket.send(encode({ type: "ended", reason }), { binary: false });
        },
        { once: true },
      );
      const stream = await services.store.stream(key);
      await serveViewer({
        socket: {
          send: (message) => socket.send(message, { binary: false }),
          get bufferedAmount() {
            return socket.bufferedAmount;
          },
        },
        stream,
        group,
        filter,
        after: after ?? stream.bounds().newestSeq ?? 0,
        feedState: () => services.feed.state(key),
        signal,
      });
    },
  },
];

function hubOf(feed: Feed): LiveHub {
  const known = hubs.get(feed) ?? createLiveHub(feed);
  hubs.set(feed, known);
  return known;
}

function queryOf({ searchParams }: URL): { readonly filter: LogFilter; readonly after: number | undefined } {
  const unknown = unknownParameter(searchParams, ["after"]);
  if (unknown !== undefined) throw badQuery(unknown.problem);
  return {
    filter: wanted(filterFromQuery(searchParams)),
    after: wanted(wholeFromQuery(searchParams, "after")),
  };
}
