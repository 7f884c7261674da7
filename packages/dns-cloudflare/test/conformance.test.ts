import { createCloudflareDouble, findPowerDns, powerDnsMissing } from "@deploy/cloudflare-double";
import { conformance } from "@deploy/conformance/vitest";
import { normaliseName, recordMarker } from "@deploy/core";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { cloudflare } from "../src/index.js";
import { toRecords } from "../src/records.js";

const token = "token-of-the-kit";
const zone = "example.test";

if (findPowerDns() === undefined) {
  console.warn(`skipped: ${powerDnsMissing}`);
  describe.skip("conformance", () => it("needs PowerDNS", () => undefined));
} else await tryKit();

async function tryKit(): Promise<void> {
  const double = await createCloudflareDouble({
    tokens: [{ value: token }],
    zones: [{ name: zone, plan: "pro" }],
    callsPerFiveMinutes: Number.POSITIVE_INFINITY,
  });
  // Whatever a proxied name or a flattened one leads to has to be there to be answered.
  await double.addZone({ name: "ingress.example.test", plan: "pro" });
  afterAll(() => double.close());
  afterEach(() => {
    expect(double.violations).toEqual([]);
    expect(double.failures).toEqual([]);
  });

  conformance({
    provider: () => cloudflare({ endpoint: double.url, zones: [zone] }),
    context: { env: { CLOUDFLARE_API_TOKEN: token } },
    secrets: [token],
    reset: () => double.removeRecords(zone, () => true),
    fixtures: {
      inspect: async (scope) =>
        [...double.zone(zone).records.values()]
          .filter(({ comment }) => comment?.startsWith(recordMarker(scope, "")))
          .map(({ name, type }) => `${name} ${type}`),
      zone: {
        name: zone,
        plant: async (record) => {
          await double.addRecords(zone, [...toRecords(record, "").values()]);
        },
        serves: (name, type) => {
          const { dns } = double;
          if (dns === undefined || type === "ALIAS") return Promise.resolve([]);
          return dns.ask(normaliseName(name), type);
        },
      },
    },
  });
}
