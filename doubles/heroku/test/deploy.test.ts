import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createHerokuDouble, type HerokuDouble } from "../src/index.js";
import { client, type TestClient } from "./client.js";
import { buildSource } from "./source.js";

let double: HerokuDouble;
let heroku: TestClient;

beforeAll(async () => {
  double = await createHerokuDouble({ databases: false, delays: { boot: 1500, shutdown: 500 } });
  heroku = client(double, "token-of-owner");
});
afterAll(async () => {
  expect(double.failures).toEqual([]);
  expect(double.violations).toEqual([]);
  await double.close();
});

const server = `
import { createServer } from "node:http";
console.log("greeting is", process.env.GREETING);
createServer((q, r) => {
  if (q.url === "/die") { r.end("bye"); setTimeout(() => process.exit(3), 10); }
  else r.end(process.env.GREETING ?? "none");
}).listen(process.env.PORT);
`;

const build = (app: string, files: Record<string, string>): Promise<string> =>
  buildSource(double, heroku, app, files);

const newest = async (app: string): Promise<Record<string, unknown>> => {
  const { body } = await heroku.get(`/apps/${app}/releases`, "3", { range: "version ..; max=1, order=desc" });
  return (body as Record<string, unknown>[])[0] ?? {};
};

const files = {
  "heroku.yml":
    "build:\n  docker:\n    web: Dockerfile\nrun:\n  web: node web.mjs\n  worker: node -e 'setInterval(() => console.log(\"tick\"), 50)'\nrelease:\n  command:\n    - echo migrating $GREETING; exit $FAILS\n",
  Dockerfile: "FROM node:20\nWORKDIR /app\nCOPY . .\nRUN npm ci\nCMD node web.mjs\n",
  "web.mjs": server,
};

describe("a build, its release and its dynos", () => {
  it("runs the release command, then the processes, with the app's config", async () => {
    await heroku.post("/apps", { name: "story", stack: "container" });
    await heroku.patch("/apps/story/config-vars", { GREETING: "hello", FAILS: "0" });
    expect(await build("story", files)).toContain("=== Building web (Dockerfile)");
    await vi.waitFor(
      async () =>
        expect(await newest("story")).toMatchObject({
          status: "succeeded",
          description: "Deploy abcdef12",
          version: 4,
        }),
      5000,
    );
    const { output_stream_url } = await newest("story");
    expect(await (await fetch(String(output_stream_url))).text()).toBe("migrating hello\n");
    const { body } = await heroku.get("/apps/story");
    const { web_url } = body as { web_url: string };
    expect(await (await fetch(web_url)).text()).toBe("hello");
    expect(
      await heroku.patch("/apps/story/formation", {
        updates: [{ type: "worker", quantity: "+1", size: "standard-1X" }],
      }),
    ).toMatchObject({ body: [{ type: "worker", quantity: 1, size: "Standard-1X" }] });
    await vi.waitFor(
      () =>
        expect(
          double.state.apps[0]?.logs.some((line) => line.process === "worker.1" && line.message === "tick"),
        ).toBe(true),
      5000,
    );
    expect((await heroku.get("/apps/story/dynos", "3", { range: "name .." })).body).toMatchObject([
      { name: "web.1", state: "up", release: { version: 4 } },
      { name: "worker.1", state: "up" },
    ]);
  });

  it("keeps the old release when the release command fails", async () => {
    await heroku.patch("/apps/story/config-vars", { FAILS: "9" });
    await vi.waitFor(
      async () =>
        expect(await newest("story")).toMatchObject({ status: "failed", current: false, version: 5 }),
      5000,
    );
    expect((await heroku.get("/apps/story/dynos", "3", { range: "name .." })).body).toMatchObject([
      { release: { version: 4 } },
      { release: { version: 4 } },
    ]);
    const { id } = (await heroku.get("/apps/story/releases/4")).body as { id: string };
    await heroku.post("/apps/story/releases", { release: id });
    await vi.waitFor(
      async () =>
        expect(await newest("story")).toMatchObject({ status: "succeeded", description: "Rollback to v4" }),
      5000,
    );
    expect((await heroku.get("/apps/story/config-vars")).body).toMatchObject({ FAILS: "0" });
  });

  it("says what a release ends in later than its output ends", async () => {
    double.scripts.releases.push({ app: "story", ends: "failed", pendingAfterOutput: 200 });
    await heroku.patch("/apps/story/config-vars", { GREETING: "again" });
    const { output_stream_url } = await newest("story");
    await vi.waitFor(async () => expect((await fetch(String(output_stream_url))).status).toBe(200));
    await (await fetch(String(output_stream_url))).text();
    expect(await newest("story")).toMatchObject({ status: "pending" });
    await vi.waitFor(async () => expect(await newest("story")).toMatchObject({ status: "failed" }), 5000);
  });

  it("shows a crashed dyno, and answers H10 for it", async () => {
    await heroku.patch("/apps/story/config-vars", { GREETING: "last" });
    await vi.waitFor(async () => expect(await newest("story")).toMatchObject({ status: "succeeded" }), 5000);
    const { web_url } = (await heroku.get("/apps/story")).body as { web_url: string };
    for (let time = 0; time < 2; time++) {
      await fetch(`${web_url}die`);
      await vi.waitFor(
        () =>
          expect(
            double.state.apps[0]?.logs.filter((line) => line.message === "Process exited with status 3"),
          ).toHaveLength(time + 1),
        5000,
      );
    }
    await vi.waitFor(
      async () =>
        expect((await heroku.get("/apps/story/dynos/web.1")).body).toMatchObject({ state: "crashed" }),
      5000,
    );
    const answered = await fetch(web_url);
    expect(answered.status).toBe(503);
    expect(await answered.text()).toContain("H10");
  });

  it("ends a web process that never listens, with R10", async () => {
    await heroku.post("/apps", { name: "deaf", stack: "container" });
    await build("deaf", {
      "heroku.yml": "build:\n  docker:\n    web: Dockerfile\nrun:\n  web: sleep 60\n",
      Dockerfile: "FROM scratch\n",
    });
    const logs = (): string[] =>
      double.state.apps.find((one) => one.name === "deaf")?.logs.map((line) => line.message) ?? [];
    await vi.waitFor(() => expect(logs().join("\n")).toContain("Error R10 (Boot timeout)"), 8000);
  });

  it("shows why a build fails", async () => {
    await heroku.post("/apps", { name: "broken", stack: "container" });
    const output = await build("broken", {
      ...files,
      Dockerfile: "FROM node:20\nRUN echo compiling && exit 7\n",
    });
    expect(output).toContain("compiling\n");
    expect(output).toContain("returned a non-zero code: 7");
    expect((await heroku.get("/apps/broken/builds")).body).toMatchObject([
      { status: "failed", release: null },
    ]);
    expect(await build("broken", { "web.mjs": server })).toContain("Couldn't find heroku.yml");
  });
});
