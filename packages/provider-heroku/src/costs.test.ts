import { type Context, defineApp, resolveEnvironment, systemClock, type Target } from "@deploy/core";
import { createHerokuDouble, type HerokuDouble } from "@deploy/heroku-double";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dynoSizeOf } from "./dyno-sizes.js";
import { heroku } from "./index.js";
import type { HerokuOptions } from "./options.js";

const GB = 1_000_000_000;

describe("costs at Heroku", () => {
  let double: HerokuDouble;
  beforeAll(async () => {
    double = await createHerokuDouble({ databases: false, registry: false });
  });
  afterAll(async () => {
    expect(double.violations).toEqual([]);
    await double.close();
  });
  const context = (env: Record<string, string>): Context => ({
    signal: new AbortController().signal,
    env,
    fetch,
    clock: systemClock,
    log: () => undefined,
    output: () => undefined,
    directory: "/",
    shared: (_key, load) => load(),
  });
  const estimate = (options: HerokuOptions, env: Record<string, string>) => {
    const provider = heroku(options);
    const app = defineApp({
      name: "shop",
      processes: { web: { command: "a", instances: 2 }, worker: { command: "b", memory: "1 GB" } },
      addons: { db: { kind: "postgres" }, queue: { kind: "redis", plan: "premium-0" } },
      environments: { production: { target: provider as unknown as Target } },
    });
    return provider.costs.estimate(context(env), resolveEnvironment(app, "production"));
  };

  it("asks Heroku for its prices, dynos and add-ons", async () => {
    const live = { HEROKU_API_KEY: "token-of-owner", HEROKU_API_URL: double.url };
    const found = await estimate({}, live);
    expect(found.items).toEqual([
      { label: "web (standard-1x)", quantity: 2, monthly: 25 },
      { label: "worker (standard-2x)", quantity: 1, monthly: 50 },
      { label: "db (heroku-postgresql:essential-0)", quantity: 1, monthly: 5 },
      { label: "queue (heroku-redis:premium-0)", quantity: 1, monthly: 15 },
    ]);
    expect(found).toMatchObject({ currency: "USD", source: "Heroku's API" });
    expect(double.ledger.calls.every(({ method }) => method === "GET")).toBe(true);
  });

  it("takes a dated table where there is no account, and says which prices nobody knows", async () => {
    const found = await estimate(
      { sizes: { web: "eco", worker: "private-m" } },
      { HOME: "/nonexistent", NETRC: "/nonexistent/netrc", PATH: "/nonexistent" },
    );
    expect(found.pricesOf).toBe("2026-08-04");
    expect(found.items.map(({ label }) => label)).toEqual([
      "web (eco: 5 USD for the whole account)",
      "db (heroku-postgresql:essential-0)",
      "queue (heroku-redis:premium-0)",
    ]);
    expect(found.notCounted.join()).toContain("worker (private-m), whose price is not known");
  });
});

describe("the size of a dyno", () => {
  it.each([
    ["production", {}, "standard-1x"],
    ["staging", {}, "basic"],
    ["review/12", {}, "basic"],
    ["staging", { instances: 2 }, "standard-1x"],
    ["staging", { memory: 0.9 * GB }, "standard-2x"],
    ["staging", { memory: 3 * GB }, "performance-l"],
    ["production", { memory: 500 * GB }, "performance-2xl"],
  ] as const)("in %s for %j is %s", (environment, needs, size) => {
    expect(dynoSizeOf({}, environment, { name: "web", ...needs })).toBe(size);
  });

  it("is never Basic beside another one, and what the options say", () => {
    const web = { name: "web" };
    const worker = { name: "worker", memory: 1 * GB };
    expect(dynoSizeOf({}, "staging", web, [web, worker])).toBe("standard-1x");
    expect(dynoSizeOf({ sizes: { web: "Performance-M" } }, "staging", web)).toBe("performance-m");
    expect(dynoSizeOf({ space: "inner" }, "staging", web)).toBe("private-s");
  });
});
