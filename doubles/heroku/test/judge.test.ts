import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createHerokuDouble, type HerokuDouble, schemaPatches } from "../src/index.js";
import { createJudge, type Violation } from "../src/judge.js";
import { defaultSchemas } from "../src/options.js";
import { client, type TestClient } from "./client.js";

let double: HerokuDouble;
let heroku: TestClient;

beforeEach(async () => {
  double = await createHerokuDouble({ databases: false, registry: false });
  heroku = client(double, "token-of-owner");
});
afterEach(() => double.close());

const judged = createJudge(defaultSchemas(), []) !== undefined;
if (!judged) console.warn("skipped: the tests of the judge, as the published schemas are not here");

describe.skipIf(!judged)("the judge", () => {
  it("sees a wrong request: a field that is missing, misspelled, or of the wrong type", async () => {
    await heroku.post("/apps", { name: "shop", stak: "container" });
    await heroku.post("/apps/shop/addons", { name: "db" });
    await heroku.patch("/apps/shop", { maintenance: "yes" });
    expect(double.violations).toMatchObject([
      { side: "request", method: "POST", path: "/apps", message: expect.stringContaining("(stak)") },
      {
        side: "request",
        path: "/apps/shop/addons",
        message: expect.stringContaining("required property 'plan'"),
      },
      {
        side: "request",
        method: "PATCH",
        message: expect.stringContaining("body/maintenance must be boolean"),
      },
    ]);
  });

  it("sees a route that is not there, and one that only the other form has", async () => {
    await heroku.post("/apps", { name: "shop" });
    expect((await heroku.get("/apps/shop/dino")).status).toBe(404);
    await heroku.get("/apps/shop/config-vars-settings", "3");
    expect(double.violations).toMatchObject([
      { side: "route", path: "/apps/shop/dino", message: "the schema has no such route" },
      { side: "route", message: "only form 3.sdk of the schema has this route" },
    ]);
    expect(double.unserved).toMatchObject([{ path: "/apps/shop/dino" }]);
  });

  it("sees a wrong answer: a field that is missing, unknown, or of the wrong type", () => {
    const violations: Violation[] = [];
    const judge = createJudge(defaultSchemas(), violations);
    const size = { name: "Basic", memory: "much", colour: "red" };
    judge?.answer("GET", "/dyno-sizes/basic", "3", size);
    const { message } = violations[0] as Violation;
    expect(message).toContain("body/memory must be number");
    expect(message).toContain("(colour)");
    expect(message).toContain("required property 'cost'");
  });

  it("sees a wrong answer of the double itself", async () => {
    await heroku.post("/apps", { name: "shop" });
    const app = double.state.apps[0];
    if (app) app.name = "Not A Name";
    await heroku.get("/apps");
    expect(double.violations).toMatchObject([
      { side: "answer", message: expect.stringContaining("/name must match pattern") },
    ]);
  });

  it("gives a reason for each patch", () => {
    for (const { reason } of schemaPatches) expect(reason).toMatch(/\w.*\.$/);
  });
});

describe("without the schemas", () => {
  it("works, and says that nothing is judged", async () => {
    const blind = await createHerokuDouble({ schemas: "/nowhere", databases: false, registry: false });
    const answered = await client(blind, "token-of-owner").post("/apps", { stak: 1 });
    expect(answered.status).toBe(201);
    expect(blind).toMatchObject({ judged: false, violations: [] });
    await blind.close();
  });
});
