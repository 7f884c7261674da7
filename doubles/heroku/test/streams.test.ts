import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createHerokuDouble, type HerokuDouble } from "../src/index.js";
import { client, type TestClient } from "./client.js";
import { buildSource } from "./source.js";

let double: HerokuDouble;
let heroku: TestClient;

beforeAll(async () => {
  double = await createHerokuDouble({
    databases: false,
    registry: false,
    delays: { logSessionUnopened: 300, logSessionOpen: 400, shutdown: 200 },
  });
  heroku = client(double, "token-of-owner");
  await heroku.post("/apps", { name: "talk", stack: "container" });
  await buildSource(double, heroku, "talk", {
    "heroku.yml":
      "build:\n  docker:\n    worker: Dockerfile\nrun:\n  worker: sleep 60\nrelease: echo released\n",
    Dockerfile: "FROM scratch\n",
  });
});
afterAll(async () => {
  expect(double.failures).toEqual([]);
  expect(double.violations).toEqual([]);
  await double.close();
});

const streamOf = async (path: string): Promise<string> => {
  const { body } = await heroku.get(path);
  const one = (Array.isArray(body) ? body[0] : body) as { output_stream_url: string };
  return one.output_stream_url;
};

describe("output", () => {
  it("is read on from a byte, also after it was cut", async () => {
    const url = await streamOf("/apps/talk/builds");
    const whole = await (await fetch(url)).text();
    expect(whole).toContain("=== Building worker (Dockerfile)");
    double.scripts.streamCuts.push(10);
    const first = await fetch(url);
    const head: Buffer[] = [];
    await expect(
      (async () => {
        for await (const chunk of first.body ?? []) head.push(Buffer.from(chunk as Uint8Array));
      })(),
    ).rejects.toThrow();
    const begun = Buffer.concat(head).toString();
    expect(begun).toBe(whole.slice(0, 10));
    const rest = await fetch(url, { headers: { range: `bytes=${begun.length}-` } });
    expect(rest.status).toBe(206);
    expect(begun + (await rest.text())).toBe(whole);
  });

  it("comes as events to who asks for them", async () => {
    const url = await streamOf("/apps/talk/releases/3");
    const text = await (await fetch(url, { headers: { accept: "text/event-stream" } })).text();
    expect(text).toBe("id: 9\ndata: released\ndata: \n\n");
    const again = await fetch(url, { headers: { accept: "text/event-stream", "last-event-id": "9" } });
    expect(await again.text()).toBe("");
  });
});

describe("log sessions", () => {
  const session = async (body: Record<string, unknown>): Promise<string> => {
    const made = await heroku.post("/apps/talk/log-sessions", body);
    return (made.body as { logplex_url: string }).logplex_url;
  };

  it("follow the log until their time is over", async () => {
    const answered = await fetch(await session({ tail: true, lines: 0, source: "app" }));
    await heroku.patch("/apps/talk/config-vars", { NEW: "1" });
    const text = await answered.text();
    expect(text).toContain("app[api]: Set NEW config vars by user owner@example.com");
    expect(text).not.toContain("heroku[");
  });

  it("are gone when nobody opens them in time", async () => {
    const url = await session({ lines: 5 });
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect((await fetch(url)).status).toBe(404);
  });

  it("give the last lines only", async () => {
    const text = await (await fetch(await session({ lines: 2 }))).text();
    expect(text.trimEnd().split("\n")).toHaveLength(2);
  });
});

describe("config vars", () => {
  it("are masked for good", async () => {
    await heroku.patch("/apps/talk/config-vars", { SECRET: "hush" });
    const mask = { config: [{ key: "SECRET", masked: true }] };
    expect((await heroku.patch("/apps/talk/config-vars-settings", mask, "3.sdk")).status).toBe(200);
    expect((await heroku.get("/apps/talk/config-vars")).body).toMatchObject({ SECRET: null });
    const unmask = { config: [{ key: "SECRET", masked: false }] };
    expect((await heroku.patch("/apps/talk/config-vars-settings", unmask, "3.sdk")).status).toBe(422);
  });
});
