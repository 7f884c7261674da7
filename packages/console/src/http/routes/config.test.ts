import { describe, expect, it, vi } from "vitest";
import { memoryCloud } from "../../../../core/src/deployer/testing/memory-cloud.js";
import { testEnvironment } from "../../apps/testing/environments.js";
import { deployedShop, open, shop } from "../../apps/testing/shop.js";
import type { ConfigView } from "../../shared/app-types.js";

describe("config", () => {
  it("is names: what is declared, what serves, which secrets are set", async () => {
    const { environment } = await deployedShop();
    const { call } = await open([environment]);
    const { body } = await call("vera@example.org", "GET", `${shop}/config`);
    expect(body as ConfigView).toMatchObject({
      release: 2,
      variables: [
        { name: "LOG_LEVEL", from: "app", inService: true },
        { name: "NEW", from: "app", inService: true },
        { name: "WEB_URL", from: "deploy", inService: true },
      ],
      secrets: {
        value: [{ name: "SECRET_KEY", declared: true, set: true, version: "2", versionInService: "2" }],
      },
    });
    expect(JSON.stringify(body)).not.toMatch(/debug-value|another|k3y/);
  });

  it("shows what is declared although the vendor fails", async () => {
    const cloud = memoryCloud();
    const environment = testEnvironment({ cloud, declared: { config: { A: "1" }, secrets: ["KEY"] } });
    cloud.hook = () => {
      throw new Error("down");
    };
    const { call } = await open([environment]);
    const { body } = await call("vera@example.org", "GET", `${shop}/config`);
    expect(body).toMatchObject({
      variables: [{ name: "A", from: "app" }],
      secrets: { trouble: { message: "down" } },
    });
  });

  it("reveals a secret to operators alone, written down first, and kept by nobody on the way", async () => {
    const { environment } = await deployedShop();
    const { call, audit } = await open([environment]);
    for (const person of ["vera@example.org", "dora@example.org"]) {
      await expect(call(person, "POST", `${shop}/secrets/SECRET_KEY/reveal`)).rejects.toMatchObject({
        code: "console.forbidden",
      });
    }
    expect(audit).toEqual([]);
    const { body, headers } = await call("olga@example.org", "POST", `${shop}/secrets/SECRET_KEY/reveal`);
    expect(body).toEqual({ name: "SECRET_KEY", value: "another" });
    expect(headers.get("cache-control")).toBe("no-store");
    expect(audit).toEqual([
      {
        actor: "olga@example.org",
        address: "192.0.2.1",
        action: "secrets.reveal",
        app: "shop",
        environment: "production",
        subject: "SECRET_KEY",
      },
    ]);
    for (const name of ["..%2f..%2fetc", "a%20b"]) {
      await expect(call("olga@example.org", "POST", `${shop}/secrets/${name}/reveal`)).rejects.toMatchObject({
        code: "console.not-found",
      });
    }
  });

  it("reveals nothing when it cannot be written down", async () => {
    const { environment } = await deployedShop();
    const { call, services } = await open([environment]);
    const broken = vi.spyOn(services.access, "audit").mockRejectedValue(new Error("the disk is full"));
    const read = vi.spyOn(environment.deployer.secrets, "reveal");
    await expect(call("olga@example.org", "POST", `${shop}/secrets/SECRET_KEY/reveal`)).rejects.toThrow(
      "full",
    );
    expect(broken).toHaveBeenCalled();
    expect(read).not.toHaveBeenCalled();
  });
});
