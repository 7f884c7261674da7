import { defineApp } from "@deploy/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ensureBuilt } from "../../provider-local/test/support/built.js";
import { createWorkspace, type Workspace } from "../../provider-local/test/support/workspace.js";
import {
  openTestConsole,
  type Refused,
  type SignedIn,
  type TestConsole,
} from "../src/http/testing/console.js";
import type { ShellTicket } from "../src/shared/run-types.js";

/** The shell as a browser has it: ticket, socket, audit, revocation; inside a process that really runs. */

const server = `
const { createServer } = require("node:http");
createServer((request, response) => response.end("ok")).listen(Number(process.env.PORT), "127.0.0.1");
`;
const app = (name: string) =>
  defineApp({
    name,
    // No .bashrc of this machine.
    config: { HOME: "/nonexistent" },
    processes: { web: { command: ["node", "server.cjs"], health: "/" } },
    environments: { local: {} },
  });
const base = "/api/apps/shop/environments/local/shell";

let space: Workspace;
let site: TestConsole;
let operator: SignedIn;

beforeAll(async () => {
  await ensureBuilt();
  space = await createWorkspace();
  const directory = space.files("shop", { "server.cjs": server });
  await space.deployer(app("shop")).up();
  site = await openTestConsole({
    load: async () => ({
      apps: ["shop", "blog"].map((name) => ({ app: app(name), directory })),
      problems: [],
    }),
    defaultTarget: space.target,
    env: space.env,
    shellApps: ["shop"],
  });
  operator = await site.person("operator@example.org", { shop: "operator", blog: "operator" });
}, 180_000);

afterAll(async () => {
  await site?.end();
  await space?.remove();
});

const ask = (as: SignedIn, json: unknown = {}, path = `${base}/ticket`) =>
  site.ask<ShellTicket & Refused>(path, { as, method: "POST", json });

/** Answers once the shell has greeted. */
async function open(as: SignedIn, ticket: string) {
  const socket = site.socket(base, { as, ticket });
  const messages: { readonly type: string; readonly reason?: string; readonly instance?: string }[] = [];
  let text = "";
  socket.on("message", (data: Buffer, isBinary: boolean) => {
    if (isBinary) text += data.toString();
    else messages.push(JSON.parse(data.toString()));
  });
  const closed = new Promise<number>((resolve) => socket.once("close", resolve));
  await new Promise((resolve) => {
    socket.once("open", resolve);
    socket.once("close", resolve);
  });
  if (socket.readyState === socket.OPEN) socket.send(JSON.stringify({ type: "open", columns: 80, rows: 24 }));
  return { socket, messages, closed, text: () => text };
}

describe("a shell in the browser", { timeout: 60_000 }, () => {
  it("is off for apps that it was not turned on for, and for who may not", async () => {
    const off = await ask(operator, {}, base.replace("shop", "blog").concat("/ticket"));
    expect([off.status, off.body.error.code]).toEqual([403, "console.shell-off"]);
    const deployer = await site.person("deployer@example.org", { shop: "deployer" });
    expect((await ask(deployer)).status).toBe(403);
    const stranger = await site.person("stranger@example.org", { blog: "operator" });
    expect((await ask(stranger)).status).toBe(404);
  });

  it("opens in an instance of the app's own only, with a ticket that is good once and for one session", async () => {
    expect((await ask(operator, { instance: "web.99" })).status).toBe(404);
    expect((await ask(operator, { instance: "0123456789ab" })).status).toBe(404);
    expect((await ask(operator, { instance: "../x" })).status).toBe(400);
    const { ticket } = (await ask(operator, { instance: "web.1" })).body;
    const other = await site.person("other@example.org", { shop: "operator" });
    const stolen = await open(other, ticket);
    await stolen.closed;
    expect(stolen.messages).toEqual([]);
    const fresh = (await ask(operator, { instance: "web.1" })).body.ticket;
    const shell = await open(operator, fresh);
    await expect
      .poll(() => shell.messages[0], { timeout: 15_000 })
      .toMatchObject({
        type: "opened",
        instance: "web.1",
      });
    const again = await open(operator, fresh);
    await again.closed;
    expect(again.messages).toEqual([]);
    shell.socket.send(Buffer.from("echo it-$((40+2)); exit\r"));
    await expect.poll(() => shell.text(), { timeout: 15_000 }).toContain("it-42");
    await shell.closed;
    expect(shell.messages.at(-1)).toMatchObject({ type: "ended", reason: "exited" });
  });

  it("is on the record: who, where, in which instance, and for how long", async () => {
    await expect
      .poll(async () =>
        (await site.services.access.auditLog({ app: "shop", limit: 50 }))
          .filter(({ action }) => action.startsWith("shell."))
          .map(({ actor, action, subject, environment, detail }) => [
            actor,
            action,
            subject,
            environment,
            detail,
          ]),
      )
      .toEqual([
        [
          "operator@example.org",
          "shell.close",
          "web.1",
          "local",
          expect.stringMatching(/^exited with code 0 after \d+ s$/),
        ],
        ["operator@example.org", "shell.open", "web.1", "local", undefined],
      ]);
  });

  it("is closed when its session ends, and when the console is left, and the record says which", async () => {
    const brief = await site.person("guest@example.org", { shop: "operator" });
    const { access } = site.services;
    const by = { caller: await access.callerOf({ session: site.owner.session }) };
    const left = await open(brief, (await ask(brief)).body.ticket);
    await expect.poll(() => left.messages[0]?.type, { timeout: 15_000 }).toBe("opened");
    left.socket.close();
    const out = await open(brief, (await ask(brief)).body.ticket);
    await expect.poll(() => out.messages[0]?.type, { timeout: 15_000 }).toBe("opened");
    await access.sessions.end(by, brief.personId, brief.sessionId);
    expect(await out.closed).toBe(4401);
    expect(out.messages.at(-1)).toEqual({ type: "ended", reason: "signed-out" });
    const closings = async (): Promise<readonly (string | undefined)[]> =>
      (await access.auditLog({ app: "shop", limit: 50 })).flatMap(({ action, actor, detail }) =>
        action === "shell.close" && actor === "guest@example.org" ? [detail?.split(" after ")[0]] : [],
      );
    await expect.poll(closings).toEqual(["signed-out", "left"]);
  });

  it("closes within a second when the right to it is taken away", async () => {
    const brief = await site.person("brief@example.org", { shop: "operator" });
    const shell = await open(brief, (await ask(brief)).body.ticket);
    await expect.poll(() => shell.messages[0]?.type, { timeout: 15_000 }).toBe("opened");
    const { access } = site.services;
    const by = { caller: await access.callerOf({ session: site.owner.session }) };
    const began = performance.now();
    await access.people.revoke(by, brief.personId);
    await shell.closed;
    expect(performance.now() - began).toBeLessThan(1_000);
    expect(shell.messages.at(-1)?.type).toBe("ended");
  });
});
