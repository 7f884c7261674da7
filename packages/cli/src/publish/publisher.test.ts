import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DeployEvent } from "@deploy/core";
import { afterEach, describe, expect, it } from "vitest";
import { findConsole } from "./find-console.js";
import { createPublisher, type Publisher } from "./publisher.js";

const token = "dpl_a-token-that-nobody-may-see";
const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

interface Seen {
  readonly path: string;
  readonly body: Record<string, unknown>;
  readonly authorization: string | undefined;
}

type Answer = (request: Seen, response: ServerResponse, count: number) => void;

const usual: Answer = ({ path }, response) => {
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(path.endsWith("/runs") ? { run: { id: "r 1" } } : { last: 1 }));
};

async function serve(answer: Answer = usual): Promise<{ readonly url: string; readonly seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer(async (request: IncomingMessage, response) => {
    let text = "";
    for await (const chunk of request) text += String(chunk);
    const one = {
      path: request.url ?? "",
      body: JSON.parse(text || "{}") as Record<string, unknown>,
      authorization: request.headers.authorization,
    };
    seen.push(one);
    answer(one, response, seen.length);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

function publish(url: string, found = false): Publisher & { readonly notes: string[] } {
  const notes: string[] = [];
  const publisher = createPublisher({
    console: { url, token, found },
    run: { app: "shop", environment: "review/7", operation: "up" },
    env: { GITHUB_ACTOR: "maria", GITHUB_ACTIONS: "true" },
    note: (text) => notes.push(text),
  });
  return { ...publisher, notes };
}

const note = (message: string): DeployEvent => ({ type: "note", time: new Date(0).toISOString(), message });

const numbersIn = (seen: readonly Seen[]): number[] =>
  seen
    .filter(({ path }) => path.endsWith("/events"))
    .flatMap(({ body }) => (body.events as { number: number }[]).map(({ number }) => number));

describe("what is told", () => {
  it("start, every event in order, and the end, with the token in a header only", async () => {
    const { url, seen } = await serve();
    const publisher = publish(url);
    for (let count = 1; count <= 450; count++) publisher.event(note(`event ${count}`));
    await publisher.end("done", 7);
    expect(seen[0]).toEqual({
      path: "/api/apps/shop/environments/review%2F7/runs",
      body: { operation: "up", by: "maria on GitHub Actions" },
      authorization: `Bearer ${token}`,
    });
    expect(numbersIn(seen)).toEqual(Array.from({ length: 450 }, (_, index) => index + 1));
    expect(seen.at(-1)).toMatchObject({
      path: "/api/apps/shop/environments/review%2F7/runs/r%201/end",
      body: { state: "done", release: 7 },
    });
    expect(publisher.notes).toEqual([]);
    expect(JSON.stringify(seen.map(({ path, body }) => [path, body]))).not.toContain(token);
  });

  it("nothing of a run that was refused before anything happened", async () => {
    const { url, seen } = await serve();
    await publish(url).end("failed");
    expect(seen).toEqual([]);
  });

  it("a batch that was not answered is sent again with its numbers", async () => {
    const { url, seen } = await serve((request, response, count) => {
      if (count === 2) response.writeHead(503).end();
      else usual(request, response, count);
    });
    const publisher = publish(url);
    publisher.event(note("one"));
    await expect.poll(() => seen.length, { timeout: 5_000 }).toBeGreaterThanOrEqual(3);
    await publisher.end("cancelled");
    expect(numbersIn(seen)).toEqual([1, 1]);
    expect(seen.at(-1)?.body).toEqual({ state: "cancelled" });
  });
});

describe("a console that is no help", () => {
  it.each([
    [401, "it does not know the token"],
    [403, "the token may not publish runs of this app"],
    [404, "it does not know this app and environment, or the token may not see it"],
  ])("answers with %s: said once, and no more is sent", async (status, why) => {
    const { url, seen } = await serve((_request, response) => response.writeHead(status).end());
    const publisher = publish(url);
    publisher.event(note("one"));
    await expect.poll(() => publisher.notes.length).toBe(1);
    publisher.event(note("two"));
    await publisher.end("done");
    expect(publisher.notes).toEqual([`the console at ${url} is not told of this run: ${why}`]);
    expect(seen).toHaveLength(1);
  });

  it("one that was found here and does not know the app is not worth a word", async () => {
    const { url } = await serve((_request, response) => response.writeHead(404).end());
    const publisher = publish(url, true);
    publisher.event(note("one"));
    await publisher.end("done");
    expect(publisher.notes).toEqual([]);
  });

  it("is not there: said once, the run does not notice", async () => {
    const publisher = publish("http://127.0.0.1:9");
    publisher.event(note("one"));
    await publisher.end("done");
    expect(publisher.notes).toHaveLength(1);
    expect(publisher.notes[0]).not.toContain(token);
  });

  it("never answers: the end waits three seconds, and takes no more", async () => {
    const { url } = await serve(() => undefined);
    const publisher = publish(url);
    for (let count = 0; count < 20_000; count++) publisher.event(note("x"));
    const began = performance.now();
    await publisher.end("done");
    expect(performance.now() - began).toBeLessThan(4_500);
    expect(publisher.notes).toEqual([`the console at ${url} is not told of this run: it answers too slowly`]);
  }, 10_000);

  it("sends elsewhere: the token does not go there", async () => {
    const other = await serve();
    const { url } = await serve((_request, response) =>
      response.writeHead(307, { location: `${other.url}/x` }).end(),
    );
    const publisher = publish(url);
    publisher.event(note("one"));
    await publisher.end("done");
    expect(other.seen).toEqual([]);
    expect(publisher.notes).toHaveLength(1);
  });
});

describe("which console is told", () => {
  it.each([
    [{}, undefined],
    [{ DEPLOY_CONSOLE_URL: "" }, undefined],
    [
      { DEPLOY_CONSOLE_URL: "https://c.test/", DEPLOY_CONSOLE_TOKEN: "t" },
      { url: "https://c.test", token: "t", found: false },
    ],
    [
      { DEPLOY_CONSOLE_URL: "http://localhost:4300", DEPLOY_CONSOLE_TOKEN: "t" },
      { url: "http://localhost:4300", token: "t", found: false },
    ],
    [
      { DEPLOY_CONSOLE_URL: "http://c.test", DEPLOY_CONSOLE_TOKEN: "t" },
      { problem: "DEPLOY_CONSOLE_URL has to be an https address" },
    ],
    [
      { DEPLOY_CONSOLE_URL: "http://127.0.0.1.evil.test", DEPLOY_CONSOLE_TOKEN: "t" },
      { problem: "DEPLOY_CONSOLE_URL has to be an https address" },
    ],
    [
      { DEPLOY_CONSOLE_URL: "https://c.test" },
      { problem: "DEPLOY_CONSOLE_URL is set, and DEPLOY_CONSOLE_TOKEN is not" },
    ],
  ])("%o", (env, expected) => {
    expect(findConsole({ XDG_DATA_HOME: "/nowhere", ...env })).toEqual(expected);
  });

  it("the one that runs here, as long as it runs", () => {
    const data = mkdtempSync(join(tmpdir(), "deploy-find-"));
    try {
      mkdirSync(join(data, "deploy", "console"), { recursive: true });
      const write = (pid: number, url = "http://127.0.0.1:4300"): void =>
        writeFileSync(
          join(data, "deploy", "console", "console.json"),
          JSON.stringify({ url, token: "t", pid }),
        );
      write(process.pid);
      expect(findConsole({ XDG_DATA_HOME: data })).toEqual({
        url: "http://127.0.0.1:4300",
        token: "t",
        found: true,
      });
      write(2 ** 22 + 1);
      expect(findConsole({ XDG_DATA_HOME: data })).toBeUndefined();
      write(process.pid, "http://evil.test");
      expect(findConsole({ XDG_DATA_HOME: data })).toBeUndefined();
    } finally {
      rmSync(data, { recursive: true, force: true });
    }
  });
});
