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
    inspect: async ({ app, environment }) =>
      vendor
        .secrets()
        .flatMap(({ path }) => (path.startsWith(`deploy/${app}/${environment}/`) ? [path] : [])),
  },
});
