import type { ConsoleEnvironment } from "../../apps/types.js";
import {
  DEFAULT_PAGE,
  filterFromQuery,
  MAX_PAGE,
  pageFromQuery,
  unknownParameter,
  wholeFromQuery,
} from "../../shared/filter-query.js";
import type { LogEntry, LogFacts, LogFilter, LogHistogram } from "../../shared/log-types.js";
import { createTextMatcher } from "../../shared/match.js";
import type { StoredStream } from "../../store/types.js";
import { badQuery, wanted } from "../errors.js";
import type { Route, RouteRequest } from "../route.js";
import { streamed } from "../streamed.js";
import { environmentOf } from "./environment-of.js";

const base = "/api/apps/:app/environments/:environment/logs";
const MAX_TIME = 8_640_000_000_000_000;
const MAX_BUCKETS = 500;
const DEFAULT_BUCKETS = 100;

/** What the console keeps where the options say nothing: days, and bytes on disk per environment. */
export const DEFAULT_RETENTION: { readonly days: number; readonly bytes: number } = {
  days: 14,
  bytes: 256 * 1024 * 1024,
};

/** The history of an environment: in pages, searched, counted, and as a whole. */
export const logsRoutes: readonly Route[] = [
  {
    method: "GET",
    path: base,
    action: "logs.read",
    handle: async (request) => {
      const { filter, ...page } = wanted(pageFromQuery(request.url.searchParams));
      const { stream } = await streamOf(request);
      return Response.json(await stream.read({ ...page, filter }));
    },
  },
  {
    method: "GET",
    path: `${base}/search`,
    action: "logs.read",
    handle: async (request) => {
      const { searchParams } = request.url;
      const filter = filterOf(request, ["limit", "before"]);
      const limit = wanted(wholeFromQuery(searchParams, "limit", MAX_PAGE)) ?? DEFAULT_PAGE;
      const before = wanted(wholeFromQuery(searchParams, "before"));
      const { stream } = await streamOf(request);
      const { signal } = request;
      const steps = stream.search(filter, { limit, signal, ...(before === undefined ? {} : { before }) });
      return streamed(asLines(steps), { signal, headers: { "content-type": "application/x-ndjson" } });
    },
  },
  {
    method: "GET",
    path: `${base}/histogram`,
    action: "logs.read",
    handle: async (request) => {
      const { searchParams } = request.url;
      const { since, until, ...filter } = filterOf(request, ["buckets"]);
      const buckets = wanted(wholeFromQuery(searchParams, "buckets", MAX_BUCKETS)) ?? DEFAULT_BUCKETS;
      if (since === undefined || until === undefined || until > MAX_TIME) {
        throw badQuery({ parameter: "since", message: 'The query needs "since" and "until".' });
      }
      if (buckets === 0) {
        throw badQuery({
          parameter: "buckets",
          message: `The query parameter "buckets" must be 1 to ${MAX_BUCKETS}.`,
        });
      }
      const { stream } = await streamOf(request);
      const answer: LogHistogram = { buckets: await stream.histogram({ since, until, buckets, filter }) };
      return Response.json(answer);
    },
  },
  {
    method: "GET",
    path: `${base}/facts`,
    action: "logs.read",
    handle: async (request) => {
      const { stream, environment } = await streamOf(request);
      return Response.json(factsOf(request, stream, environment));
    },
  },
  {
    method: "GET",
    path: `${base}/download`,
    action: "logs.read",
    handle: async (request) => {
      const { searchParams } = request.url;
      const filter = filterOf(request, ["format", "gzip"]);
      const format = searchParams.get("format") ?? "text";
      if (format !== "text" && format !== "ndjson") {
        throw badQuery({
          parameter: "format",
          message: 'The query parameter "format" must be text or ndjson.',
        });
      }
      const gzip = wanted(wholeFromQuery(searchParams, "gzip", 1)) === 1;
      const { stream, environment } = await streamOf(request);
      const { signal } = request;
      const pages = stream.all(filter, signal);
      return streamed(format === "text" ? asText(pages) : asEntries(pages), {
        signal,
        gzip,
        headers: {
          "content-type": gzip
            ? "application/gzip"
            : format === "text"
              ? "text/plain; charset=utf-8"
              : "application/x-ndjson",
          "content-disposition": `attachment; filename="${fileName(environment, request.services.now(), format, gzip)}"`,
        },
      });
    },
  },
];

async function streamOf(
  request: RouteRequest,
): Promise<{ readonly stream: StoredStream; readonly environment: ConsoleEnvironment }> {
  const environment = environmentOf(request);
  const { app, environment: name } = environment;
  return { stream: await request.services.store.stream({ app, environment: name }), environment };
}

function filterOf({ url }: RouteRequest, others: readonly string[]): LogFilter {
  const unknown = unknownParameter(url.searchParams, others);
  if (unknown !== undefined) throw badQuery(unknown.problem);
  const filter = wanted(filterFromQuery(url.searchParams));
  // A pattern that is none is told before the answer has begun.
  createTextMatcher(filter);
  return filter;
}

function factsOf(
  { services }: RouteRequest,
  stream: StoredStream,
  { app, environment, deployer }: ConsoleEnvironment,
): LogFacts {
  const { retentionDays, retentionBytes } = services.options;
  return {
    bounds: stream.bounds(),
    ...stream.names(),
    releases: stream.releases(),
    retention: {
      days: retentionDays ?? DEFAULT_RETENTION.days,
      bytes: retentionBytes ?? DEFAULT_RETENTION.bytes,
      provider: deployer.environment.providers.logs.logs?.capabilities.retention ?? "",
    },
    feed: services.feed.state({ app, environment }),
    store: services.store.state(),
  };
}

async function* asLines(steps: AsyncIterable<unknown>): AsyncGenerator<string> {
  for await (const step of steps) yield `${JSON.stringify(step)}\n`;
}

async function* asEntries(pages: AsyncIterable<readonly LogEntry[]>): AsyncGenerator<string> {
  for await (const page of pages) yield page.map((entry) => `${JSON.stringify(entry)}\n`).join("");
}

/** Texts as they are stored: colours and other escape sequences stay what they are, for `less -R` and `grep`. */
async function* asText(pages: AsyncIterable<readonly LogEntry[]>): AsyncGenerator<string> {
  for await (const page of pages) {
    yield page
      .map(({ time, instance, text }) => `${new Date(time).toISOString()} ${instance} ${text}\n`)
      .join("");
  }
}

function fileName(
  { app, environment }: ConsoleEnvironment,
  now: number,
  format: string,
  gzip: boolean,
): string {
  const stamp = new Date(now).toISOString().slice(0, 19).replaceAll(":", "-");
  const name = `${app}-${environment}-${stamp}`.replace(/[^\w.-]+/g, "-");
  return `${name}.${format === "text" ? "log" : "ndjson"}${gzip ? ".gz" : ""}`;
}
