import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type CloudflareDouble,
  createCloudflareDouble,
  createJudge,
  defaultSchema,
  schemaPatches,
  type Violation,
} from "../src/index.js";
import { recordRoutes } from "../src/record-routes.js";
import { rulesetRoutes } from "../src/rulesets.js";
import type { World } from "../src/world.js";
import { zoneRoutes } from "../src/zone-routes.js";
import { type Answered, client } from "./client.js";

const judged = createJudge(defaultSchema(), []) !== undefined;
if (!judged) console.warn("skipped: the tests of the judge, as the published schema is not here");

let double: CloudflareDouble;
let call: (method: string, path: string, body?: unknown) => Promise<Answered>;
let records: string;

beforeEach(async () => {
  double = await createCloudflareDouble({ dns: false });
  call = client(double);
  records = `/zones/${double.zones[0]?.id}/dns_records`;
});
afterEach(() => double.close());

describe.skipIf(!judged)("the judge", () => {
  it.each([
    ["misspelled", { type: "A", name: "a", ttl: 1, content: "192.0.2.1", proxy: true }, "(proxy)"],
    ["missing", { type: "A", name: "a", content: "192.0.2.1" }, "'ttl'"],
    [
      "of the wrong type",
      { type: "A", name: "a", ttl: 1, content: "192.0.2.1", comment: 7 },
      "must be string",
    ],
    ["of the wrong form", { type: "A", name: "a", ttl: 1, content: "example.org" }, "ipv4"],
  ])("sees a field that is %s", async (_what, body, message) => {
    await call("POST", records, body);
    expect(double.violations[0]).toMatchObject({ side: "request", method: "POST" });
    expect(double.violations[0]?.message).toContain(message);
  });

  it("sees the same inside of a batch", async () => {
    const made = await call("POST", records, { type: "A", name: "a", ttl: 1, content: "192.0.2.1" });
    const { id } = made.body.result;
    await call("POST", `${records}/batch`, {
      posts: [{ type: "A", name: "b", ttl: 1, content: "192.0.2.1", proxy: true }],
    });
    await call("POST", `${records}/batch`, { patches: [{ id, content: "192.0.2.2" }] });
    await call("POST", `${records}/batch`, { deletes: [{ id, name: "a" }] });
    await call("POST", `${records}/batch`, { remove: [] });
    const messages = double.violations.map(({ message }) => message);
    expect(messages).toHaveLength(4);
    expect(messages[0]).toContain("(proxy)");
    expect(messages[1]).toContain("required property");
    expect(messages[2]).toContain("(name)");
    expect(messages[3]).toContain("(remove)");
  });

  it("sees a query and a route that are not there", async () => {
    await call("GET", `${records}?per_page=many&colour=red`);
    await call("GET", "/zoness");
    expect(double.violations).toMatchObject([
      { side: "query", message: expect.stringContaining("per_page") },
      { side: "query", message: "query colour is not known" },
      { side: "route", path: "/zoness" },
    ]);
  });

  it("sees a wrong answer", () => {
    const violations: Violation[] = [];
    const judge = createJudge(defaultSchema(), violations);
    const record = { id: "1", type: "A", name: "a", zone_id: "x", ttl: 1, content: "192.0.2.1" };
    judge?.answer("GET", records, 200, { success: true, errors: [], messages: [], result: [record] });
    judge?.answer("GET", records, 403, { success: false, errors: [{ message: "no" }] });
    expect(violations[0]?.message).toContain("(zone_id)");
    expect(violations[0]?.message).toContain("required property 'proxied'");
    expect(violations[1]?.message).toContain("required property 'code'");
  });

  it("asks for the permissions which the schema names", () => {
    const judge = createJudge(defaultSchema(), []);
    const world = {} as World;
    for (const { method, path, permissions } of [
      ...recordRoutes(world),
      ...zoneRoutes(world),
      ...rulesetRoutes(world),
    ]) {
      const named = judge?.permissions(method, path.replace(/\{\w+\}/g, "0"));
      for (const one of permissions) {
        expect(
          named?.map((name) => name.replace("Zone Zone", "Zone")),
          `${method} ${path}`,
        ).toContain(one.replace("Zone Zone", "Zone"));
      }
    }
  });

  it("gives a reason for each patch", () => {
    for (const { reason } of schemaPatches) expect(reason).toMatch(/\w.*\.$/);
  });
});

describe("without the schema", () => {
  it("works, and says that nothing is judged", async () => {
    const blind = await createCloudflareDouble({ schema: "/nowhere", dns: false });
    const answered = await client(blind)("POST", `/zones/${blind.zones[0]?.id}/dns_records`, {
      type: "A",
      nme: 1,
    });
    expect(answered.status).toBe(400);
    expect(blind).toMatchObject({ judged: false, violations: [] });
    await blind.close();
  });
});
