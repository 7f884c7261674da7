import { fileURLToPath } from "node:url";
import { crashEveryPoint, createFaultProxy, describeReport, runClient } from "@deploy/conformance";
import { afterAll, expect, it } from "vitest";
import { startVendor } from "./vendor.mjs";

const vendor = await startVendor();
const proxy = await createFaultProxy({ target: new URL(vendor.env.NIMBUS_CLOUD_URL) });
afterAll(() => Promise.all([proxy.close(), vendor.close()]));

// Needs `npm run build`: the client is a process of its own, so that it can be killed.
const client = fileURLToPath(new URL("client.mjs", import.meta.url));

it("ends the same, wherever it is killed", { timeout: 300_000 }, async () => {
  const report = await crashEveryPoint({
    proxy,
    start: (endpoint, killed) =>
      runClient([process.execPath, client], {
        killed,
        env: { ...process.env, ...vendor.env, NIMBUS_CLOUD_URL: String(endpoint).replace(/\/$/, "") },
      }),
    observe: async () =>
      vendor
        .secrets()
        .map(({ path, value }) => `${path} ${value}`)
        .sort(),
    reset: async () => vendor.reset(),
    faults: ["kill-before", "kill-after"],
    settleMs: 250,
  });
  expect(report.ok, describeReport(report)).toBe(true);
});
