import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { extname, join, normalize } from "node:path";
import { type WebSocket, WebSocketServer } from "ws";
import { createLevelReader } from "../../src/feed/continued-level.js";
import { filterFromQuery, pageFromQuery } from "../../src/shared/filter-query.js";
import { createLevelOf } from "../../src/shared/level-of.js";
import type { LiveMessage, LogEntry, LogFacts, LogFilter, LogPage } from "../../src/shared/log-types.js";
import { createMatcher } from "../../src/shared/match.js";
import { JAVA, LINES, NODE, PYTHON } from "./hostile.js";

/** A server with the pages that were built and a history in memory, for what the real one cannot be brought to do. */
export interface Fixture {
  readonly url: string;
  readonly lines: LogEntry[];
  /** What `facts` answers, to be changed. */
  facts: Partial<LogFacts>;
  /** Stores lines and sends them to whoever listens. */
  write(texts: readonly string[], more?: Partial<LogEntry>): void;
  /** Stores lines and tells viewers that they were skipped. */
  skip(texts: readonly string[]): void;
  /** Stores lines that nobody is sent: the sockets are cut before. */
  cut(texts: readonly string[]): void;
  send(message: LiveMessage): void;
  readonly viewers: number;
  /** Addresses that were asked for, without the pages' own files. */
  readonly asked: string[];
  close(): Promise<void>;
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/** Starts the fixture on a free port; `pages` is the directory that they were built into. */
export async function startFixture(pages: string): Promise<Fixture> {
  const lines: LogEntry[] = [];
  const levels = createLevelReader();
  const sockets = new Map<WebSocket, (entry: LogEntry) => boolean>();
  const asked: string[] = [];
  const base = "/api/apps/shop/environments/production/logs";

  const add = (texts: readonly string[], more: Partial<LogEntry> = {}): LogEntry[] =>
    texts.map((text) => {
      const entry: LogEntry = {
        seq: lines.length + 1,
        time: Date.now(),
        process: "web",
        instance: "web.1",
        stream: "stdout",
        level: levels.read(more.instance ?? "web.1", text, "stdout"),
        release: 12,
        text,
        ...more,
      };
      lines.push(entry);
      return entry;
    });

  const fixture: Omit<Fixture, "url" | "close"> = {
    lines,
    get viewers() {
      return sockets.size;
    },
    facts: {},
    asked,
    write(texts, more) {
      const added = add(texts, more);
      for (const [socket, wanted] of sockets) {
        for (let at = 0; at < added.length; at += 500) {
          socket.send(JSON.stringify({ type: "lines", lines: added.slice(at, at + 500).filter(wanted) }));
        }
      }
    },
    skip(texts) {
      const added = add(texts);
      this.send({ type: "skipped", from: added[0]!.seq, to: added.at(-1)!.seq, count: added.length });
    },
    cut(texts) {
      for (const socket of sockets.keys()) socket.terminate();
      sockets.clear();
      add(texts);
    },
    send(message) {
      for (const socket of sockets.keys()) socket.send(JSON.stringify(message));
    },
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url!, "http://fixture");
    const json = (body: unknown): void => {
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
    };
    if (!url.pathname.startsWith("/api/")) return await file(pages, url.pathname, response);
    asked.push(url.pathname + url.search);
    if (url.pathname === "/api/me") return json(ME);
    if (url.pathname === "/api/overview") {
      return json({ now: Date.now(), environments: ENVIRONMENTS, patterns: [], problems: [] });
    }
    if (url.pathname === base) return json(read(lines, url.searchParams));
    if (url.pathname === `${base}/facts`) return json({ ...factsOf(lines), ...fixture.facts });
    if (url.pathname === `${base}/histogram`) return json({ buckets: histogram(lines, url.searchParams) });
    if (url.pathname === `${base}/search`) {
      const { filter, limit = 200 } = pageFromQuery(url.searchParams).value!;
      const before = Number(url.searchParams.get("before") ?? Number.POSITIVE_INFINITY);
      const wanted = createMatcher(filter);
      const hits = lines.filter((entry) => entry.seq < before && wanted(entry)).reverse();
      const found = hits.slice(0, limit);
      const complete = found.length === hits.length;
      const last = found.at(-1);
      response.writeHead(200, { "content-type": "application/x-ndjson" });
      response.write(`${JSON.stringify({ type: "hits", lines: found })}\n`);
      response.write(
        `${JSON.stringify({ type: "progress", scanned: lines.length, seq: last?.seq ?? 1, time: last?.time ?? 0 })}\n`,
      );
      response.end(
        `${JSON.stringify({ type: "end", complete, scanned: lines.length, ...(complete ? {} : { seq: last!.seq }) })}\n`,
      );
      return;
    }
    response
      .writeHead(404, { "content-type": "application/json" })
      .end(JSON.stringify({ error: { code: "console.not-found", message: "There is nothing here." } }));
  };

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  const upgrades = new WebSocketServer({ server, path: undefined });
  upgrades.on("connection", (socket, request) => {
    const url = new URL(request.url!, "http://fixture");
    const after = Number(url.searchParams.get("after") ?? lines.length);
    const wanted = createMatcher(filterFromQuery(url.searchParams).value as LogFilter);
    socket.on("close", () => sockets.delete(socket));
    const missed = lines.slice(after).filter(wanted);
    if (missed.length > 0) socket.send(JSON.stringify({ type: "lines", lines: missed }));
    socket.send(JSON.stringify({ type: "caught-up", seq: lines.length }));
    sockets.set(socket, wanted);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return Object.assign(fixture, {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      for (const socket of upgrades.clients) socket.terminate();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

/** Fills the history with all kinds of lines, one every 800 ms up to now. */
export function fill({ lines }: Fixture, count: number): void {
  const kinds = [LINES, LINES, PYTHON, LINES, NODE, LINES, JAVA];
  const start = Date.now() - count * 800;
  const levels = createLevelReader();
  for (let kind = 0; lines.length < count; kind++) {
    const instance = kind % 3 === 0 ? "worker.1" : `web.${1 + (kind % 2)}`;
    for (const text of kinds[kind % kinds.length]!) {
      const seq = lines.length + 1;
      lines.push({
        seq,
        time: start + seq * 800,
        process: instance.split(".")[0]!,
        instance,
        stream: "stdout",
        level: levels.read(instance, text, "stdout"),
        release: seq > count * 0.9 ? 12 : 11,
        text,
      });
    }
  }
}

const ACTIONS = ["app.read", "logs.read", "access.read", "people.manage", "audit.read-all"];
const ME = {
  person: { id: "p1", email: "maria@example.org", name: "Maria", createdAt: 0, ways: ["password"] },
  sessionId: "s1",
  everywhere: "manager",
  actions: ["self", "apps.list", "people.manage", "audit.read-all"],
  apps: [{ app: "shop", role: "manager", actions: ACTIONS }],
};
const PART = { refreshing: false, stale: false };
const ENVIRONMENTS = ["production", "staging", "review/12"].map((environment) => ({
  app: "shop",
  environment,
  provider: "local",
  protected: environment === "production",
  service: PART,
  lastDeploy: PART,
  domains: PART,
  cost: PART,
  feed: { state: "following" },
}));

function read(lines: readonly LogEntry[], query: URLSearchParams): LogPage {
  const { filter, limit, after, before, around, at } = pageFromQuery(query).value!;
  const wanted = createMatcher(filter);
  const all = lines.filter(wanted);
  let from = Math.max(0, all.length - limit);
  let to = all.length;
  if (after !== undefined) [from, to] = slice(all, after + 1, limit);
  else if (at !== undefined) {
    const first = all.findIndex((entry) => entry.time >= at);
    from = Math.max(0, first < 0 ? all.length - limit : first);
    to = from + limit;
  } else if (before !== undefined) {
    to = all.findIndex((entry) => entry.seq >= before);
    if (to < 0) to = all.length;
    from = Math.max(0, to - limit);
  } else if (around !== undefined) {
    const place = all.findIndex((entry) => entry.seq >= around);
    from = Math.max(0, (place < 0 ? all.length : place) - Math.floor(limit / 2));
    to = from + limit;
  }
  return {
    lines: all.slice(from, to),
    hasOlder: from > 0,
    hasNewer: to < all.length,
    ...(lines.length === 0 ? {} : { oldestSeq: 1, newestSeq: lines.length }),
  };
}

function slice(all: readonly LogEntry[], seq: number, limit: number): [number, number] {
  const place = all.findIndex((entry) => entry.seq >= seq);
  return place < 0 ? [all.length, all.length] : [place, place + limit];
}

function histogram(lines: readonly LogEntry[], query: URLSearchParams): unknown[] {
  const since = Number(query.get("since"));
  const until = Number(query.get("until"));
  const count = Number(query.get("buckets"));
  const size = (until - since) / count;
  const buckets = Array.from({ length: count }, (_, index) => ({
    start: since + index * size,
    end: since + (index + 1) * size,
    counts: {} as Record<string, number>,
  }));
  const levelOf = createLevelOf(filterFromQuery(query).value ?? {});
  for (const entry of lines) {
    const bucket = buckets[Math.floor((entry.time - since) / size)];
    const level = levelOf(entry);
    if (bucket !== undefined) bucket.counts[level] = (bucket.counts[level] ?? 0) + 1;
  }
  return buckets;
}

function factsOf(lines: readonly LogEntry[]): LogFacts {
  const first = lines.find((entry) => entry.release === 12);
  const start = lines[0];
  return {
    bounds: {
      lines: lines.length,
      bytes: lines.length * 40,
      ...(start === undefined
        ? {}
        : { oldestSeq: 1, newestSeq: lines.length, oldestTime: start.time, newestTime: lines.at(-1)!.time }),
    },
    processes: [...new Set(lines.map((entry) => entry.process))],
    instances: [...new Set(lines.map((entry) => entry.instance))],
    releases: [
      { release: 11, seq: 1, time: start?.time ?? 0 },
      ...(first === undefined ? [] : [{ release: 12, seq: first.seq, time: first.time }]),
    ],
    retention: { days: 14, bytes: 256 * 1024 * 1024, provider: "1,500 lines, for a week" },
    feed: { state: "following" },
    store: { state: "writable" },
  };
}

async function file(pages: string, path: string, response: ServerResponse): Promise<void> {
  const name = extname(path) === "" ? "/index.html" : normalize(path);
  try {
    const content = await readFile(join(pages, name));
    response.writeHead(200, {
      "content-type": TYPES[extname(name)] ?? "application/octet-stream",
      "content-security-policy": POLICY,
    });
    response.end(content);
  } catch {
    response.writeHead(404).end();
  }
}
