import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type App, defineApp } from "@deploy/core";
import WebSocket from "ws";
import { memoryCloud } from "../../../../core/src/deployer/testing/memory-cloud.js";
import { memoryVendor } from "../../../../core/src/deployer/testing/memory-vendor.js";
import type { ConsoleOptions } from "../../options.js";
import type { Role } from "../../shared/access-types.js";
import { type OpenConsole, openConsole } from "../../start.js";
import type { NewLine, StoredStream } from "../../store/types.js";

/** Somebody who is signed in, as requests carry it. */
export interface SignedIn {
  readonly personId: string;
  readonly sessionId: string;
  /** The value of the cookie. */
  readonly session: string;
}

/** A request that was refused. */
export interface Refused {
  readonly error: { readonly code: string; readonly message: string; readonly hint?: string };
}

/** What came of a request; `Body` is what its test expects in it. */
export interface Answered<Body = Refused> {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;

  /** JSON; undefined where the answer is none. */
  readonly body: Body;
}

/** A real console in a directory of its own, and ways to ask it. */
export interface TestConsole extends OpenConsole {
  readonly directory: string;
  readonly port: number;
  readonly owner: SignedIn;
  /** Signs in somebody with these roles by app. */
  person(email: string, roles: Readonly<Record<string, Role>>): Promise<SignedIn>;
  stream(app?: string, environment?: string): Promise<StoredStream>;
  /** Lines as a provider would bring them. */
  ingest(count: number, line?: (index: number) => Partial<NewLine>): Promise<void>;
  ask<Body = Refused>(path: string, options?: AskOptions): Promise<Answered<Body>>;
  socket(path: string, options?: SocketOptions): WebSocket;
  end(): Promise<void>;
}

/** How a request is made; by default as a page of the console would. */
export interface AskOptions {
  readonly as?: SignedIn;
  readonly token?: string;
  readonly method?: string;
  readonly json?: unknown;
  readonly body?: string | Buffer;
  /** Undefined takes a header away. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

/** How a socket is opened. */
export interface SocketOptions {
  readonly as?: SignedIn;
  readonly token?: string;
  /** Default: the console's own; `null` sends none. */
  readonly origin?: string | null;
  readonly ticket?: string;
}

/** An app in front of a vendor in memory. */
export function testApp(name: string, environments: readonly string[] = ["production"]): App {
  const target = memoryVendor(memoryCloud(), {});
  return defineApp({
    name,
    build: { command: "make" },
    processes: { web: { command: "serve" } },
    environments: Object.fromEntries(environments.map((environment) => [environment, { target }])),
  });
}

/** Starts one with the apps `shop` and `blog`, each in `production`, and an owner. */
export async function openTestConsole(options: Partial<ConsoleOptions> = {}): Promise<TestConsole> {
  const directory = options.directory ?? mkdtempSync(join(tmpdir(), "deploy-console-"));
  const apps = [testApp("shop", ["production", "review/1"]), testApp("blog")];
  const opened = await openConsole({
    load: async () => ({ apps: apps.map((app) => ({ app, directory: "/" })), problems: [] }),
    directory,
    port: 0,
    env: { MEMORY_TOKEN: "t", PATH: process.env.PATH },
    ...options,
  });
  const { services } = opened;
  const { entry, people, grants } = services.access;
  const from = { address: "127.0.0.1", userAgent: "test" };
  const found = JSON.parse(readFileSync(join(directory, "console.json"), "utf8")) as { readonly url: string };
  const port = Number(new URL(found.url).port);
  const signedIn = (begun: { person: { id: string }; sessionId: string; secret: string }): SignedIn => ({
    personId: begun.person.id,
    sessionId: begun.sessionId,
    session: begun.secret,
  });
  const owner = signedIn(
    await entry.enterWithLink(await entry.makeOwnerLink(), { email: "owner@example.org" }, from),
  );
  const by = { caller: await services.access.callerOf({ session: owner.session }) };
  return {
    ...opened,
    directory,
    port,
    owner,
    person: async (email, roles) => {
      const { secret, person } = await people.invite(by, { email });
      for (const [app, role] of Object.entries(roles))
        await grants.set(by, { person: person.email, app, role });
      return signedIn(await entry.enterWithInvitation(secret, "no password fits this", undefined, from));
    },
    stream: (app = "shop", environment = "production") => services.store.stream({ app, environment }),
    ingest: (count, line = () => ({})) =>
      services.feed.ingest(
        { app: "shop", environment: "production" },
        Array.from({ length: count }, (_, index) => ({
          ...{ time: Date.now(), process: "web", instance: "web.1", stream: "stdout" as const },
          ...{ text: `line ${index}`, ...line(index) },
        })),
      ),
    ask: <Body>(path: string, asked: AskOptions = {}) => ask<Body>(port, opened.url, path, asked),
    socket: (path, asked = {}) => {
      const origin = asked.origin === undefined ? opened.url : asked.origin;
      const socket = new WebSocket(
        `ws://127.0.0.1:${port}${path}`,
        asked.ticket === undefined ? ["deploy"] : ["deploy", `ticket.${asked.ticket}`],
        {
          headers: {
            ...(asked.as === undefined ? {} : { cookie: `deploy=${asked.as.session}` }),
            ...(asked.token === undefined ? {} : { authorization: `Bearer ${asked.token}` }),
          },
          ...(origin === null ? {} : { origin }),
        },
      );
      socket.on("error", () => undefined);
      return socket;
    },
    end: async () => {
      await opened.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** By node's own client: `fetch` sets some of these headers itself. */
function ask<Body>(port: number, origin: string, path: string, options: AskOptions): Promise<Answered<Body>> {
  const method = options.method ?? "GET";
  const body = options.json === undefined ? options.body : JSON.stringify(options.json);
  const headers = Object.entries({
    ...(options.as === undefined ? {} : { cookie: `deploy=${options.as.session}` }),
    ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
    ...(method === "GET" || method === "HEAD" ? {} : { origin, "x-deploy-console": "1" }),
    ...(options.json === undefined ? {} : { "content-type": "application/json" }),
    ...(body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) }),
    ...options.headers,
  }).filter((header): header is [string, string] => header[1] !== undefined);
  return new Promise((resolve, reject) => {
    const sent = httpRequest(
      { host: "127.0.0.1", port, path, method, headers: Object.fromEntries(headers), agent: false },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("error", reject);
        answer.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          const json = answer.headers["content-type"]?.startsWith("application/json") === true;
          resolve({
            status: answer.statusCode ?? 0,
            headers: answer.headers,
            text,
            body: (json && text !== "" ? JSON.parse(text) : undefined) as Body,
          });
        });
      },
    );
    sent.on("error", reject);
    sent.end(body);
  });
}
