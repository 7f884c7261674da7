import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AppInput, type Deployer, redact } from "@deploy/core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { ensureBuilt } from "../../provider-local/test/support/built.js";
import { ask, createWorkspace, type Workspace } from "../../provider-local/test/support/workspace.js";
import { createFeed } from "../src/feed/create-feed.js";
import { createFakeRegistry } from "../src/feed/testing/fake-logs.js";
import type { Feed } from "../src/feed/types.js";
import type { LogEntry } from "../src/shared/log-types.js";
import { createLogStore } from "../src/store/index.js";
import type { LogStore } from "../src/store/types.js";

/** Prints on demand: `/burst?from=0&count=9`, `/hostile`. */
const server = `
import { createServer } from "node:http";
createServer((request, response) => {
  const url = new URL(request.url, "http://x");
  if (url.pathname === "/burst") {
    const from = Number(url.searchParams.get("from"));
    const count = Number(url.searchParams.get("count"));
    let text = "";
    for (let number = from; number < from + count; number++) text += "line " + number + " of an ordinary length, as a server prints it for each request\\n";
    process.stdout.write(text);
  }
  if (url.pathname === "/hostile") {
    process.stdout.write("\\u001b]0;title\\u0007\\u001b[2J\\u001b[31mred\\n<script>alert(1)</script>\\nbidi \\u202e evil\\nnul \\0 here\\n");
    process.stdout.write(Buffer.from([0x69, 0x6e, 0xff, 0xfe, 0xc3, 0x28, 0x0a]));
    process.stdout.write("m".repeat(1024 * 1024) + "\\n");
    process.stderr.write("key " + process.env.API_KEY + " url postgres://u:" + process.env.API_KEY + "@db\\n");
    process.stdout.write("the end\\n");
  }
  response.end("ok");
}).listen(Number(process.env.PORT), "127.0.0.1");
`;

const input: AppInput = {
  name: "shop",
  processes: { web: { command: ["node", "server.mjs"], health: "/" } },
  secrets: ["API_KEY"],
};
const key = { app: "shop", environment: "local" };
const secret = "a-very-secret-key-of-theirs";

let space: Workspace;
let shop: Deployer;
let directory: string;
let opened: { readonly store: LogStore; readonly feed: Feed }[] = [];

beforeAll(async () => {
  await ensureBuilt();
  space = await createWorkspace();
  space.files("shop", { "server.mjs": server });
  shop = space.deployer(input);
  await shop.up({ secrets: { API_KEY: redact(secret) } });
}, 180_000);

afterAll(() => space?.remove());

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "deploy-feed-"));
});

afterEach(async () => {
  for (const one of opened) await stop(one);
  opened = [];
  await rm(directory, { recursive: true, force: true });
});

async function start(): Promise<{ readonly store: LogStore; readonly feed: Feed }> {
  const store = await createLogStore({ directory, limits: { days: 14, bytes: 256 * 1024 * 1024 } });
  const feed = createFeed({ store, apps: createFakeRegistry([shop]), now: Date.now });
  const both = { store, feed };
  opened.push(both);
  return both;
}

async function stop(both: { readonly store: LogStore; readonly feed: Feed }): Promise<void> {
  opened = opened.filter((one) => one !== both);
  await both.feed.close();
  await both.store.close();
}

async function stored(store: LogStore): Promise<LogEntry[]> {
  const stream = await store.stream(key);
  const lines: LogEntry[] = [];
  for await (const page of stream.all({})) lines.push(...page);
  return lines;
}

const numbersOf = (lines: readonly LogEntry[]): number[] =>
  lines.flatMap(({ text }) => (text.startsWith("line ") ? [Number(text.split(" ")[1])] : []));

async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`never: ${what}`);
}

const print = (path: string) => ask(space, "shop.localhost", path);

it("takes a burst of 50,000 lines, and is started again in the midst: no gap, no double, in order", async () => {
  const first = await start();
  let heard = 0;
  first.feed.subscribe(key, (lines) => {
    heard += numbersOf(lines).length;
  });
  await until("it follows", () => first.feed.state(key).state === "following");
  await print("/burst?from=0&count=50000");
  await until("some are there", () => heard > 0);
  await stop(first);
  await print("/burst?from=50000&count=1000");
  const second = await start();
  await until("all are there", async () => numbersOf(await stored(second.store)).length >= 51_000);
  const numbers = numbersOf(await stored(second.store));
  expect(numbers).toHaveLength(51_000);
  expect(numbers.findIndex((number, index) => number !== index)).toBe(-1);
});

it("history is taken in at the first start, with release, process and instance", async () => {
  const { store } = await start();
  await until("all are there", async () => numbersOf(await stored(store)).length === 51_000);
  const line = (await stored(store)).find(({ text }) => text.startsWith("line 7 "));
  expect(line).toMatchObject({ process: "web", instance: "web.1", release: 1, stream: "stdout" });
});

it("hostile output is stored as it came, secrets excepted", async () => {
  const { store } = await start();
  await print("/hostile");
  await until("the end", async () => (await stored(store)).some(({ text }) => text === "the end"));
  const lines = await stored(store);
  const texts = lines.map(({ text }) => text);
  for (const expected of [
    "\u001b]0;title\u0007\u001b[2J\u001b[31mred",
    "<script>alert(1)</script>",
    "bidi \u202e evil",
    "in\ufffd\ufffd\ufffd(",
    "key <redacted> url postgres://u:<redacted>@db",
  ]) {
    expect(texts.includes(expected), expected).toBe(true);
  }
  // The local provider leaves NUL out.
  expect(texts.filter((text) => text.replace("\0", "") === "nul  here")).toHaveLength(1);
  const long = texts
    .filter((text) => /^m+(?:…↩)?$/.test(text))
    .join("")
    .replaceAll("…↩", "");
  expect(long.length).toBe(1024 * 1024);
  expect(texts.some((text) => text.includes(secret))).toBe(false);
});
