import type { DnsProvider } from "../../elements/dns-ownership.js";
import type { Dns, ObservedRecordSet } from "../../elements/traffic.js";

/** A whole DNS plugin for tests: it lists and applies, nothing else, and says which calls it got. */
export function memoryDns(
  zones: Record<string, ObservedRecordSet[]>,
  apex: Dns["capabilities"]["apex"] = "flatten",
): DnsProvider & { readonly calls: string[] } {
  const calls: string[] = [];
  return {
    spec: 1,
    name: "names",
    credentials: {},
    calls,
    dns: {
      capabilities: {
        apex,
        types: ["A", "AAAA", "CNAME", "TXT", "MX", "ALIAS"],
        wildcards: true,
        redirects: { no: "it holds records only" },
      },
      zones: async () => {
        calls.push("zones");
        return Object.keys(zones);
      },
      list: async (_context, zone) => {
        calls.push(`list ${zone}`);
        return structuredClone(zones[zone] ?? []);
      },
      apply: async (_context, zone, changes) => {
        // As a vendor does which rewrites the zone: read it all, write it all, a moment later.
        const present = [...(zones[zone] ?? [])];
        await new Promise((resolve) => setTimeout(resolve, 2));
        for (const change of changes) {
          const gone = change.action === "create" ? change.record : change.before;
          calls.push(`${change.action} ${gone.name}`);
          const at = present.findIndex((one) => one.name === gone.name && one.type === gone.type);
          if (at >= 0) present.splice(at, 1);
          if (change.action !== "delete") present.push({ ...change.record, marker: change.marker });
        }
        zones[zone] = present;
      },
    },
  };
}
