import { describe, expect, it } from "vitest";
import type { Access, Role } from "../elements/access.js";
import type { Provider } from "../elements/provider.js";
import type { AnyResource, Resource } from "../engine/resource.js";
import { DeployError } from "../errors.js";
import { redact, reveal } from "../redacted.js";
import { deployed, deployerOn, mutations } from "./testing/deployed.js";
import { memoryCloud } from "./testing/memory-cloud.js";

describe("access", () => {
  it("grants once, changes a role in place, and a deployment takes nobody's grant away", async () => {
    const { cloud, deployer } = await deployed();
    const maria = { person: "maria@example.org", role: "deployer" } as const;
    expect((await deployer.access.grant(maria)).plan.changes).toHaveLength(1);
    expect((await deployer.access.grant(maria)).plan.changes).toEqual([]);
    expect(await deployer.access.who()).toEqual([{ ...maria, provider: "memory" }]);
    const changed = await deployer.access.grant({ ...maria, role: "manager" });
    expect(changed.plan).toMatchObject({ operation: "access", changes: [{ action: "update" }] });
    await deployer.up();
    expect(await deployer.access.who()).toEqual([{ ...maria, role: "manager", provider: "memory" }]);
    expect(cloud.locks.size).toBe(0);
  });

  it("takes a person off one app, or off every app at once", async () => {
    const cloud = memoryCloud();
    const production = deployerOn(cloud);
    const staging = deployerOn(cloud, { environment: "staging" });
    for (const deployer of [production, staging]) {
      await deployer.access.grant({ person: "kim", role: "viewer" });
      await deployer.access.grant({ person: "lee", role: "viewer" });
    }
    expect(await production.access.revoke("kim")).toEqual(["shop/production"]);
    expect(await staging.access.who()).toHaveLength(2);
    expect(await production.access.revoke("lee", { everywhere: true })).toEqual([
      "shop/production",
      "shop/staging",
    ]);
    expect(await production.access.revoke("lee", { everywhere: true })).toEqual([]);
    expect(await staging.access.who()).toEqual([{ person: "kim", role: "viewer", provider: "memory" }]);
  });

  it("refuses roles that the vendor or nobody has, and names that are none, without a request", async () => {
    const cloud = memoryCloud();
    const { access } = deployerOn(cloud);
    const grant = (person: string, role: string) => access.grant({ person, role: role as "viewer" }).result;
    await expect(grant("kim", "operator")).rejects.toMatchObject({
      code: "access.unsupported",
      message: expect.stringContaining("three roles"),
    });
    await expect(grant("kim", "admin")).rejects.toMatchObject({ code: "access.bad-role" });
    for (const person of ["", "kim lee", "kim\nlee", "k".repeat(400)]) {
      await expect(grant(person, "viewer")).rejects.toMatchObject({ code: "access.bad-person" });
      await expect(access.revoke(person)).rejects.toMatchObject({ code: "access.bad-person" });
    }
    expect(access.supports("operator")).toMatchObject({ no: expect.any(String) });
    expect(cloud.calls).toEqual([]);
  });

  it("waits for whoever deploys", async () => {
    const cloud = memoryCloud();
    const holder = { name: "kim on laptop", since: "2026-01-01T00:00:00Z", operation: "up" };
    cloud.locks.set("shop/production", holder);
    const { access } = deployerOn(cloud);
    await expect(access.grant({ person: "kim", role: "viewer" }).result).rejects.toMatchObject({
      code: "lease.held",
    });
    expect(mutations(cloud)).toEqual([]);
  });
});

/** Holds grants and nothing else; every role, unless `down`. Who is new has a link to be given. */
function book(held: Map<string, Role>, state: { down?: boolean } = {}): Provider & { access: Access } {
  let links: string[] = [];
  return {
    spec: 1,
    name: "book",
    credentials: {},
    access: {
      capabilities: { roles: { viewer: true, deployer: true, operator: true, manager: true } },
      grants: (scope, grants) => ({
        resources: grants.map(({ person, role }) => {
          const write = async (): Promise<{ role: Role }> => {
            held.set(person, role);
            return { role };
          };
          const resource: Resource<{ role: Role }, { role: Role }> = {
            id: `book/access/${scope.app}/${person}`,
            label: `${role} ${person}`,
            provider: "book",
            element: "access",
            desired: { role },
            read: async () => {
              const found = held.get(person);
              return found === undefined ? undefined : { role: found };
            },
            create: () => {
              links.push(person);
              return write();
            },
            update: write,
          };
          return resource as AnyResource;
        }),
      }),
      handovers: () => {
        const given = links.map((person) => ({
          person,
          what: "a link",
          secret: redact(`link-of-${person}`),
        }));
        links = [];
        return given;
      },
      who: async () => [...held].map(([person, role]) => ({ person, role })),
      revoke: async (_context, person) => {
        if (state.down === true) throw new DeployError({ code: "book.down", message: "The book is away." });
        return held.delete(person) ? ["shop"] : [];
      },
    },
  };
}

describe("access at the target and at a provider of its own", () => {
  it("grants at both in one plan, says where a grant is held, and revokes at both", async () => {
    const held = new Map<string, Role>();
    const { access } = deployerOn(memoryCloud(), { extra: { access: book(held) } });
    const granted = await access.grant({ person: "kim", role: "viewer" });
    expect(granted).toMatchObject({ heldBy: ["memory", "book"], skipped: [] });
    expect(granted.plan.changes.map(({ provider }) => provider).sort()).toEqual(["book", "memory"]);
    expect(await access.who()).toEqual([
      { person: "kim", role: "viewer", provider: "memory" },
      { person: "kim", role: "viewer", provider: "book" },
    ]);
    expect((await access.grant({ person: "kim", role: "viewer" })).plan.changes).toEqual([]);
    expect(await access.revoke("kim")).toEqual(["shop/production", "shop (book)"]);
    expect(await access.who()).toEqual([]);
  });

  it("what a person has to be given is in the result, once, and in no plan and no event", async () => {
    const { access } = deployerOn(memoryCloud(), { extra: { access: book(new Map()) } });
    const granting = access.grant({ person: "kim", role: "viewer" });
    const events: unknown[] = [];
    for await (const event of granting) events.push(event);
    const { handovers, plan } = await granting;
    expect(handovers).toMatchObject([{ person: "kim", what: "a link", provider: "book" }]);
    expect(handovers.map(({ secret }) => reveal(secret))).toEqual(["link-of-kim"]);
    expect(JSON.stringify([events, plan, handovers])).not.toContain("link-of-kim");
    expect((await access.grant({ person: "kim", role: "manager" })).handovers).toEqual([]);
  });

  it("a role that the target has not is held by the other alone, and said so", async () => {
    const held = new Map<string, Role>();
    const { access } = deployerOn(memoryCloud(), { extra: { access: book(held) } });
    expect(access.supports("operator")).toBe(true);
    const notes: string[] = [];
    const granting = access.grant({ person: "kim", role: "operator" });
    for await (const event of granting) if (event.type === "note") notes.push(event.message);
    expect(await granting).toMatchObject({
      heldBy: ["book"],
      skipped: [{ provider: "memory", reason: expect.stringContaining("three roles") }],
    });
    expect(notes.join()).toContain("Not at memory");
    expect(await access.who()).toEqual([{ person: "kim", role: "operator", provider: "book" }]);
  });

  it("one that cannot be reached keeps nobody at the other, and is named as what is left", async () => {
    const held = new Map<string, Role>();
    const state = { down: false };
    const { access } = deployerOn(memoryCloud(), { extra: { access: book(held, state) } });
    await access.grant({ person: "kim", role: "viewer" });
    state.down = true;
    await expect(access.revoke("kim")).rejects.toMatchObject({
      code: "access.not-revoked",
      message: expect.stringContaining("book: The book is away."),
      details: { revoked: ["shop/production"], left: ["book"] },
    });
    expect(await access.who()).toEqual([{ person: "kim", role: "viewer", provider: "book" }]);
    state.down = false;
    expect(await access.revoke("kim", { everywhere: true })).toEqual(["shop (book)"]);
  });
});

describe("cost", () => {
  it("adds up by provider, and names whose prices nobody knows", async () => {
    const cloud = memoryCloud();
    const nameless = { spec: 1, name: "names", credentials: {} } as const;
    const deployer = deployerOn(cloud, { extra: { retired: [nameless] } });
    const { estimates, unknown } = await deployer.cost();
    expect(estimates).toMatchObject([{ provider: "memory", currency: "USD", notCounted: ["traffic"] }]);
    expect(estimates[0]?.items.map(({ label }) => label)).toEqual(["web", "billing-api"]);
    expect(unknown).toEqual(["names"]);
    expect(mutations(cloud)).toEqual([]);
  });
});
