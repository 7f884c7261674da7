import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createStage, type Stage } from "./stage.js";

const missing = ["/usr/lib/postgresql", "/usr/bin/psql", "/usr/bin/redis-server"].filter(
  (one) => !existsSync(one),
);
if (missing.length > 0) console.warn(`skipped: not installed: ${missing.join(", ")}`);

describe.skipIf(missing.length > 0)("an app with a database, from an empty account", () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await createStage({ databases: true });
  });
  afterAll(async () => {
    expect(stage.double.failures).toEqual([]);
    expect(stage.double.violations).toEqual([]);
    await stage.close();
  });

  const app = {
    addons: {
      db: { kind: "postgres", extensions: ["pgcrypto", "intarray"] },
      queue: { kind: "redis" },
    },
    // Fails unless the extensions were there before: gen_random_bytes is pgcrypto's, icount is intarray's.
    release:
      'psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -Atc "CREATE TABLE IF NOT EXISTS runs (id bytea); INSERT INTO runs VALUES (gen_random_bytes(8)); SELECT \'runs \' || count(*) || icount(ARRAY[1]) FROM runs"',
  } as const;

  it("is deployed in one go: add-ons, extensions, migration, both dynos", async () => {
    await stage.up(app);
    const [found] = stage.double.state.apps;
    expect(stage.output.join("\n")).toContain("runs 11");
    expect(found?.dynos.map(({ type, state }) => [type, state]).sort()).toEqual([
      ["web", "up"],
      ["worker", "up"],
    ]);
    expect(found?.config).toMatchObject({
      DATABASE_URL: expect.stringMatching(/^postgres:/),
      REDIS_URL: expect.stringMatching(/^redis:/),
    });
    expect(stage.double.state.addons).toHaveLength(2);
    expect((await stage.deployer(app).plan()).changes).toEqual([]);
  }, 60_000);

  it("backs the database up before the next release command, once, and buys nothing again", async () => {
    stage.double.ledger.reset();
    stage.write({ "more.mjs": "// new code" });
    await stage.up(app);
    expect(stage.output.join("\n")).toContain("runs 21");
    const posts = stage.double.ledger.calls
      .filter(({ method }) => method === "POST")
      .map(({ route }) => route);
    expect(posts.filter((route) => route?.endsWith("/backups"))).toHaveLength(1);
    expect(posts.filter((route) => route?.endsWith("/addons"))).toHaveLength(0);
    expect(await stage.deployer(app).addons.backups("db")).toHaveLength(1);
  }, 60_000);
});
