import { applyPlan, preparePlan, redact, systemClock } from "@deploy/core";
import { afterAll, expect, it } from "vitest";
import { nimbusCloud } from "../src/index.js";
import { startVendor } from "./vendor.mjs";

const vendor = await startVendor();
afterAll(() => vendor.close());

it("stores a secret by a plan, and plans nothing the second time", async () => {
  const provider = nimbusCloud();
  const scope = { app: "try", environment: "staging" };
  const planned = () =>
    preparePlan({
      operation: "up",
      scope,
      providers: [provider],
      context: {
        signal: new AbortController().signal,
        env: vendor.env,
        fetch,
        clock: systemClock,
        directory: ".",
      },
      resources: [provider.secrets.secret(scope, "SECRET_KEY", redact("kept between us"))],
      prune: true,
    });
  const first = await planned();
  expect(JSON.stringify(first.plan)).not.toContain("kept between us");
  await applyPlan(first);
  expect(vendor.secrets()).toMatchObject([
    { path: "deploy/try/staging/SECRET_KEY", value: "kept between us" },
  ]);
  expect((await planned()).plan.changes).toEqual([]);
});
