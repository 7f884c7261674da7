import { conformance } from "@deploy/conformance/vitest";
import { type MemoryZones, memoryDns } from "../src/memory-dns.js";

const zones: MemoryZones = new Map();

conformance({
  provider: () => memoryDns({ zones }),
  reset() {
    zones.clear();
    zones.set("example.test", [{ name: "mail.example.test", type: "A", values: ["192.0.2.9"] }]);
  },
  fixtures: {
    zone: {
      name: "example.test",
      plant: async (record) => {
        zones.set("example.test", [...(zones.get("example.test") ?? []), record]);
      },
    },
  },
});
