import { readFile, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { decisionTable, replaceDecisions } from "../../../../scripts/lib/decision-table.mjs";
import { memoryDns } from "../deployer/testing/memory-dns.js";
import {
  apexAbility,
  apexRefused,
  decideRecords,
  decisions,
  type Place,
  targetKind,
} from "./dns-decision.js";

describe("which records lead a host to its target", () => {
  it("is decided for every target, place and vendor, once", () => {
    const places: readonly Place[] = ["below the root", "wildcard", "root"];
    for (const target of new Set(decisions.map((one) => one.target))) {
      for (const place of places) {
        const rows = decisions.filter((one) => one.target === target && one.places.includes(place));
        expect(rows, `${target}, ${place}`).toHaveLength(1);
      }
    }
    // The one thing that cannot be done.
    expect(decideRecords("host name", "root", "none")).toBeNull();
    expect(
      decisions.flatMap(({ records }) => Object.values(records)).filter((one) => one === null),
    ).toHaveLength(1);
  });

  it("depends on what the vendor has an alias for, and on nothing but the root", () => {
    const host = "lb.cloud.example";
    const endpoint = { kind: "hostname", host, alias: { route53: "Z1" } } as const;
    expect(targetKind(endpoint, "route53")).toBe("host name with an alias");
    expect(targetKind(endpoint, "cloudflare")).toBe("host name");
    expect(targetKind({ kind: "address", ipv4: "192.0.2.1" }, "any")).toBe("IPv4");
    expect(targetKind({ kind: "address", ipv4: "192.0.2.1", ipv6: "2001:db8::1" }, "any")).toBe(
      "IPv4 and IPv6",
    );
    expect(decideRecords("host name with an alias", "root", apexAbility({ apex: { no: "x" } }))).toEqual([
      "ALIAS",
    ]);
    expect(decideRecords("host name", "root", apexAbility({ apex: "flatten" }))).toEqual(["CNAME"]);
    expect(decideRecords("host name", "wildcard", apexAbility({ apex: { no: "x" } }))).toEqual(["CNAME"]);
  });

  it("names the three ways out of a root that leads nowhere, and the vendor's own reason", () => {
    const provider = memoryDns({}, { no: "plain records only", link: "https://vendor.example/roots" });
    expect(apexRefused(provider, "example.co.uk")).toMatchObject({
      code: "dns.apex",
      message: expect.stringContaining("plain records only"),
      hint: expect.stringMatching(/move the zone.*www\.example\.co\.uk.*fixed address/),
      docs: "https://vendor.example/roots",
    });
  });

  it("docs/elements/traffic.md says it as the code does; DEPLOY_UPDATE_README=1 writes it", async () => {
    const file = new URL("../../../../docs/elements/traffic.md", import.meta.url);
    const page = await readFile(file, "utf8");
    const current = replaceDecisions(page, decisionTable(decisions));
    if (process.env.DEPLOY_UPDATE_README === "1") await writeFile(file, current);
    else expect(page).toBe(current);
  });
});
