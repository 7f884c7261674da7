import { conformance } from "@deploy/conformance/vitest";
import { afterAll } from "vitest";
import { nimbusCloud } from "../src/index.js";
import { startVendor } from "./vendor.mjs";

const vendor = await startVendor();
afterAll(() => vendor.close());

conformance({
  provider: () => nimbusCloud(),
  context: { env: vendor.env },
  secrets: [vendor.env.NIMBUS_CLOUD_TOKEN],
  reset: () => vendor.reset(),
  fixtures: {
    zone: { name: "example.test", plant: async (record) => vendor.plant("example.test", record) },
    tamper: { records: async () => vendor.tamper("example.test") },
    inspect: async ({ app, environment }) =>
      vendor
        .records("example.test")
        .flatMap(({ name, comment }) => (comment.startsWith(`deploy:${app}/${environment}:`) ? [name] : [])),
  },
});
