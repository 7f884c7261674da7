import { symlinkSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Deployer } from "@deploy/core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { ensureBuilt } from "../../provider-local/test/support/built.js";
import { createWorkspace, type Workspace } from "../../provider-local/test/support/workspace.js";
import type { ShellMessage } from "../src/shared/run-types.js";
import { runShell, SHELL_LIMITS, type ShellEnd, type ShellLimits } from "../src/shell/shell-session.js";

const server = `
const { createServer } = require("node:http");
createServer((request, response) => response.end("ok")).listen(Number(process.env.PORT), "127.0.0.1");
`;

let space: Workspace;
let shop: Deployer;
let http: Server;
const sockets = new WebSocketServer({ noServer: true });
const clients: WebSocket[] = [];
/** What the next socket is served with. */
let serve: (socket: WebSocket) => void = () => undefined;

beforeAll(async () => {
  await ensureBuilt();
  space = await createWorkspace();
  space.files("shop", { "server.cjs": server });
  shop = space.deployer({
    name: "shop",
    // What this machine's own .bashrc does, and leaves behind when a shell is killed, is no part of this.
    config: { GREETING: "hello from the app", HOME: "/nonexistent" },
    processes: { web: { command: ["node", "server.cjs"], health: "/" } },
  });
  await shop.up();
  http = createServer();
  http.on("upgrade", (request, socket, head) =>
    sockets.handleUpgrade(request, socket, head, (opened) => serve(opened)),
  );
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
}, 180_000);

afterEach(() => {
  for (const client of clients.splice(0)) client.terminate();
});

afterAll(async () => {
  http?.close();
  await space?.remove();
});

interface Open {
  readonly messages: ShellMessage[];
  readonly text: () => string;
  readonly ended: Promise<ShellEnd | undefined>;
  readonly right: AbortController;
  readonly opens: () => number;
  /** The browser's side, and ours. */
  readonly client: WebSocket;
  readonly server: () => WebSocket | undefined;
  type(keys: string): void;
  say(message: object): void;
  until(what: string | RegExp): Promise<void>;
}

async function open(
  options: {
    readonly limits?: Partial<ShellLimits>;
    readonly environment?: Readonly<Record<string, string>>;
    readonly draws?: boolean;
  } = {},
): Promise<Open> {
  const right = new AbortController();
  let opens = 0;
  let server: WebSocket | undefined;
  const { limits, environment, draws = true } = options;
  const deployer: Pick<Deployer, "exec"> =
    environment === undefined
      ? shop
      : { exec: (request) => shop.exec({ ...request, env: { ...request.env, ...environment } }) };
  const ended = new Promise<ShellEnd | undefined>((resolve, reject) => {
    serve = (socket) => {
      server = socket;
      runShell({
        deployer,
        instance: "web.1",
        socket,
        signal: right.signal,
        limits: { ...SHELL_LIMITS, ...limits },
        onOpen: async () => {
          opens += 1;
        },
      }).then(resolve, reject);
    };
  });
  const client = new WebSocket(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`);
  clients.push(client);
  const messages: ShellMessage[] = [];
  let text = "";
  const say = (message: object): void => client.send(JSON.stringify(message));
  client.on("message", (data: Buffer, isBinary: boolean) => {
    if (isBinary) {
      text += data.toString("utf8");
      if (draws) say({ type: "drawn", bytes: data.length });
    } else messages.push(JSON.parse(data.toString("utf8")) as ShellMessage);
  });
  await new Promise((resolve) => client.once("open", resolve));
  say({ type: "open", columns: 91, rows: 33 });
  const until = async (what: string | RegExp): Promise<void> => {
    await expect
      .poll(() => (typeof what === "string" ? text.includes(what) : what.test(text)), { timeout: 15_000 })
      .toBe(true);
  };
  return {
    ...{ messages, ended, right, say, until, client },
    server: () => server,
    text: () => text,
    opens: () => opens,
    type: (keys) => client.send(Buffer.from(keys)),
  };
}

describe("a shell inside an instance", { timeout: 60_000 }, () => {
  it("has a terminal of the window's size, the app's environment, and follows the window", async () => {
    const shell = await open();
    await expect
      .poll(() => shell.messages[0], { timeout: 15_000 })
      .toEqual({
        type: "opened",
        instance: "web.1",
        mode: "terminal",
      });
    shell.type('stty size; echo "[$GREETING]"; ls\r');
    await shell.until(/33 91[\s\S]*\[hello from the app\][\s\S]*server\.cjs/);
    shell.say({ type: "resize", columns: 60, rows: 20 });
    await expect
      .poll(
        async () => {
          shell.type("stty size\r");
          await new Promise((resolve) => setTimeout(resolve, 200));
          return shell.text().includes("20 60");
        },
        { timeout: 15_000 },
      )
      .toBe(true);
    shell.type("exit 7\r");
    expect(await shell.ended).toEqual({ reason: "exited", exitCode: 7 });
    expect(shell.opens()).toBe(1);
    await expect.poll(() => shell.messages.at(-1)).toEqual({ type: "ended", reason: "exited", exitCode: 7 });
    expect(shell.text()).not.toContain("deploy-shell");
  });

  it("passes Control-C to what runs in it", async () => {
    const shell = await open();
    shell.type("sleep 100\r");
    await shell.until("sleep 100");
    await new Promise((resolve) => setTimeout(resolve, 300));
    shell.type("\u0003");
    shell.type("echo still-$((40+2))\r");
    await shell.until("still-42");
  });

  it("without script and Python it is a shell of lines", async () => {
    const bare = space.files("bare", {});
    symlinkSync("/bin/sh", join(bare, "sh"));
    const shell = await open({ environment: { PATH: bare } });
    await expect.poll(() => shell.messages[0], { timeout: 15_000 }).toMatchObject({ mode: "lines" });
    shell.type("echo line-$((40+2))\n");
    await shell.until("line-42");
    shell.type("exit 3\n");
    expect(await shell.ended).toEqual({ reason: "exited", exitCode: 3 });
  });

  it("ends within a second when the right to it does, with all that runs in it", async () => {
    const shell = await open();
    shell.type("sh -c 'echo pid-$$-; exec sleep 1000'\r");
    await shell.until(/pid-\d+-/);
    const pid = Number(/pid-(\d+)-/.exec(shell.text())?.[1]);
    const began = performance.now();
    shell.right.abort(new DOMException("revoked", "AbortError"));
    expect(await shell.ended).toEqual({ reason: "revoked" });
    expect(performance.now() - began).toBeLessThan(1_000);
    await expect.poll(() => shell.messages.at(-1)).toEqual({ type: "ended", reason: "revoked" });
    await expect.poll(() => isThere(pid), { timeout: 10_000 }).toBe(false);
  });

  it("ends when nothing is typed, and when it was open for too long", async () => {
    const idle = await open({ limits: { idleMs: 1_500 } });
    expect(await idle.ended).toEqual({ reason: "idle" });
    const long = await open({ limits: { totalMs: 1_500 } });
    const typing = setInterval(() => long.type("#"), 100);
    expect(await long.ended).toEqual({ reason: "too-long" });
    clearInterval(typing);
  });

  it("waits for a browser that does not draw", async () => {
    const shell = await open({ draws: false });
    shell.type("yes\r");
    await expect.poll(() => shell.text().length, { timeout: 15_000 }).toBeGreaterThan(400_000);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(shell.text().length).toBeLessThan(700_000);
    shell.right.abort(new DOMException("shutdown", "AbortError"));
    expect(await shell.ended).toEqual({ reason: "shutdown" });
  });

  it("waits for one that says it draws, and takes nothing", async () => {
    const shell = await open();
    shell.type("yes\r");
    await shell.until("y\r\ny");
    shell.client.pause();
    const lies = setInterval(() => shell.say({ type: "drawn", bytes: 1e9 }), 20);
    const waiting = (): number => shell.server()?.bufferedAmount ?? 0;
    await expect.poll(waiting, { timeout: 20_000 }).toBeGreaterThan(400_000);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(waiting()).toBeLessThan(2_000_000);
    clearInterval(lies);
    shell.right.abort(new DOMException("shutdown", "AbortError"));
    expect(await shell.ended).toEqual({ reason: "shutdown" });
  });

  it("that its page has left is said to have been left, and what ran in it ends", async () => {
    const shell = await open();
    shell.type("sh -c 'echo pid-$$-; exec sleep 1000'\r");
    await shell.until(/pid-\d+-/);
    const pid = Number(/pid-(\d+)-/.exec(shell.text())?.[1]);
    shell.right.abort(new DOMException("The client has gone away.", "AbortError"));
    expect(await shell.ended).toBeUndefined();
    await expect.poll(() => isThere(pid), { timeout: 10_000 }).toBe(false);
  });
});

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
