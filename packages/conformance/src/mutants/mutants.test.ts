import { expect, it } from "vitest";
import { brokenProviders, tryBrokenProviders } from "./index.js";

it("has at least 25 broken providers, each with a fault of its own", () => {
  expect(new Set(brokenProviders.map(({ fault }) => fault)).size).toBe(brokenProviders.length);
  expect(brokenProviders.length).toBeGreaterThanOrEqual(25);
});

it("catches every broken provider by the scenario that is meant to", { timeout: 120_000 }, async () => {
  const verdicts = await tryBrokenProviders();
  expect(verdicts.filter(({ caught }) => !caught)).toEqual([]);
});
