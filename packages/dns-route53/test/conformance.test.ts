import { conformance } from "@deploy/conformance/vitest";
import { beforeAll, describe } from "vitest";
import { route53 } from "../src/index.js";
import { contextOf, has, useRoute53 } from "./vendor.js";

const zone = "example.test";

/** As another tool would write it. */
function quoted(text: string): string {
  const parts = text.match(/.{1,255}/gs) ?? [""];
  return parts.map((part) => `"${part.replace(/["\\]/g, "\\$&")}"`).join(" ");
}

describe.skipIf(!(await has("python")))("Route 53 over moto", () => {
  const vendor = useRoute53();
  let id = "";
  beforeAll(async () => {
    id = await vendor().createZone(zone);
  });
  conformance({
    provider: () => route53(),
    context: {
      get env() {
        return { ...vendor().env };
      },
      get clock() {
        return contextOf(vendor()).clock;
      },
    },
    secrets: ["wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"],
    isRead: (_url, init) => (init.method ?? "GET") === "GET",
    // A batch is a transaction on what was seen: sent twice, the second is refused.
    isIdempotent: () => true,
    fixtures: {
      zone: {
        name: zone,
        alias: {
          values: ["dualstack.shop-1.us-east-1.elb.amazonaws.com"],
          extra: { aliasZone: "Z35SXDOTRQ7X7K" },
        },
        plant: async ({ name, type, values, ttl = 300 }) => {
          const ResourceRecords = values.map((value) => ({ Value: type === "TXT" ? quoted(value) : value }));
          await vendor().plant(id, { Name: name, Type: type as "TXT", TTL: ttl, ResourceRecords });
        },
      },
    },
  });
});
