import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunDetail, RunList, RunMessage, RunStarted } from "../../shared/run-types.js";
import { openTestConsole, type SignedIn, type TestConsole } from "../testing/console.js";

let site: TestConsole;
let viewer: SignedIn;
let stranger: SignedIn;
let token: string;
const base = "/api/apps/shop/environments/production/runs";

beforeAll(async () => {
  site = await openTestConsole();
  viewer = await site.person("viewer@example.org", { shop: "viewer" });
  stranger = await site.person("stranger@example.org", { blog: "manager" });
  const { access } = site.services;
  const maker = await access.callerOf({ session: site.owner.session });
  if (maker.kind !== "person") throw new Error("the owner is not signed in");
  token = (await access.tokens.make({ caller: maker }, { name: "ci", app: "shop", role: "deployer" })).secret;
});

afterAll(() => site?.end());

const post = <Body>(path: string, json: unknown) =>
  site.ask<Body>(path, { method: "POST", token, json, headers: { origin: undefined } });

const note = (number: number, message = `event ${number}`) => ({
  number,
  event: { type: "note", time: new Date(1_000 + number).toISOString(), message },
});

async function start(): Promise<string> {
  const { status, body } = await post<RunStarted>(base, { operation: "up", by: "maria on ci-7" });
  expect(status).toBe(201);
  expect(body.run).toMatchObject({ operation: "up", by: "maria on ci-7 (ci)", state: "running" });
  return body.run.id;
}

describe("runs over HTTP", () => {
  it("are told by a token, and read by whoever may see the app", async () => {
    const id = await start();
    expect((await post(`${base}/${id}/events`, { events: [note(1), note(2)] })).body).toEqual({ last: 2 });
    expect((await post(`${base}/${id}/events`, { events: [note(2), note(3)] })).status).toBe(200);
    expect(
      (await post<RunStarted>(`${base}/${id}/end`, { state: "done", release: 4 })).body.run,
    ).toMatchObject({
      state: "done",
      release: 4,
    });
    const { body } = await site.ask<RunDetail>(`${base}/${id}?after=1`, { as: viewer });
    expect(body.events.map(({ number }) => number)).toEqual([2, 3]);
    expect(body.more).toBe(false);
    expect((await site.ask<RunList>(`${base}?limit=1`, { as: viewer })).body.runs[0]?.id).toBe(id);
  });

  it("of another app or environment are not there, whatever their id", async () => {
    const id = await start();
    const other = base.replace("production", "review%2F1");
    expect((await post(`${other}/${id}/events`, { events: [note(1)] })).status).toBe(404);
    expect(
      (await site.ask(`/api/apps/blog/environments/production/runs/${id}`, { as: stranger })).status,
    ).toBe(404);
    expect((await site.ask(`${base}/${id}`, { as: stranger })).status).toBe(404);
    expect(
      (await site.ask(base, { as: viewer, method: "POST", json: { operation: "up", by: "x" } })).status,
    ).toBe(403);
  });

  it.each([
    ["events that are no list", "events", { events: 1 }],
    ["more than 500", "events", { events: Array.from({ length: 501 }, (_, index) => note(index + 1)) }],
    ["a number that is none", "events", { events: [{ ...note(1), number: -1 }] }],
    [
      "an event of no kind",
      "events",
      { events: [{ number: 1, event: { type: "x", time: "", message: "" } }] },
    ],
    ["another member", "events", { events: [], more: 1 }],
    ["an end that is none", "end", { state: "lost" }],
    ["a release that is none", "end", { state: "done", release: "7" }],
  ])("refuses %s", async (_what, path, body) => {
    const id = await start();
    expect((await post(`${base}/${id}/${path}`, body)).status).toBe(400);
  });

  it("take no member of an event that nobody knows, and no text without end", async () => {
    const id = await start();
    const event = { ...note(1).event, message: "m".repeat(100_000), extra: "<x>" };
    await post(`${base}/${id}/events`, { events: [{ number: 1, event }] });
    const { body } = await site.ask<RunDetail>(`${base}/${id}`, { as: viewer });
    const [kept] = body.events;
    expect(kept?.event).not.toHaveProperty("extra");
    expect(JSON.stringify(kept).length).toBeLessThan(20_000);
  });

  it("are watched live, by the environment, until the right to it ends", async () => {
    const watcher = await site.person("watcher@example.org", { shop: "viewer" });
    const socket = site.socket(`${base}/live`, { as: watcher });
    const messages: RunMessage[] = [];
    socket.on("message", (data: Buffer) => messages.push(JSON.parse(data.toString())));
    await expect.poll(() => messages[0]?.type).toBe("runs");
    const id = await start();
    await post(`${base}/${id}/events`, { events: [note(1)] });
    await post(base.replace("production", "review%2F1"), { operation: "up", by: "x" });
    await expect
      .poll(() => messages.slice(1).map((message) => (message.type === "run" ? message.events.length : -1)))
      .toEqual([0, 1]);
    const closed = new Promise<number>((resolve) => socket.once("close", resolve));
    const { access } = site.services;
    const by = { caller: await access.callerOf({ session: site.owner.session }) };
    const began = performance.now();
    await access.people.revoke(by, watcher.personId);
    expect(await closed).toBeGreaterThanOrEqual(4401);
    expect(performance.now() - began).toBeLessThan(1_000);
  });
});
