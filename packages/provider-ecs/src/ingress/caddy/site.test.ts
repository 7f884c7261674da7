import { describe, expect, it } from "vitest";
import { mainFile, type Site, siteFile } from "./site.js";
import { choosePorts } from "./site-resource.js";

const site: Site = {
  owner: "shop/production",
  hosts: [
    { host: "example.org", backend: { srv: "shop-production-web.deploy-production.internal" } },
    { host: "www.example.org", redirect: "example.org" },
  ],
  doors: [{ port: 80, backend: { srv: "shop-production-web.deploy-production.internal" } }],
  holdSeconds: 60,
};

describe("a site", () => {
  it("has a door by plain HTTP, hosts by HTTPS, and redirects that keep the path", () => {
    const text = siteFile(site);
    expect(text).toMatch(/^http:\/\/:80 \{$/m);
    expect(text).toMatch(/^example\.org \{$/m);
    expect(text).toMatch(/^www\.example\.org \{\n\tredir https:\/\/example\.org\{uri\} permanent\n\}$/m);
    expect(text.match(/dynamic srv shop-production-web\.deploy-production\.internal/g)).toHaveLength(2);
    expect(text).toContain("# deploy port 80\n");
  });

  it.each(["example.org {", "a\nb", "{env.SECRET}", "*.example.org", "", "example.org, other.org"])(
    "refuses the host %j, which a Caddyfile would read as something else",
    (host) => {
      const hosts: Site["hosts"] = [{ host, redirect: "example.org" }];
      expect(() => siteFile({ ...site, hosts })).toThrow(
        expect.objectContaining({ code: "ingress.bad-host" }),
      );
    },
  );

  it("refuses an e-mail address that ends the line", () => {
    expect(mainFile({ email: "ops@example.org" })).toContain("email ops@example.org\n");
    expect(() => mainFile({ email: "ops@example.org\n\tadmin off" })).toThrow(
      expect.objectContaining({ code: "ingress.bad-option" }),
    );
  });
});

describe("ports of an app's processes", () => {
  const scope = { app: "shop", environment: "production" };

  it("are 80 for the first process where it is free, the same in every run, and never twice", () => {
    const first = choosePorts(scope, ["web", "admin"], new Set(), undefined);
    expect(first[0]).toBe(80);
    expect(choosePorts(scope, ["web", "admin"], new Set(), undefined)).toEqual(first);
    const second = choosePorts(scope, ["web", "admin"], new Set([80]), undefined);
    expect(new Set(second).size).toBe(2);
    for (const port of second) expect(port).toSatisfy((one: number) => one >= 8000 && one <= 8999);
  });

  it("stay what they are when 80 becomes free", () => {
    expect(choosePorts(scope, ["web"], new Set(), { hash: "x", ports: [8123] })).toEqual([8123]);
  });
});
