import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type AccessRig, createRig, day, type SignedInPerson, type WantedRole } from "./testing/rig.js";

let rig: AccessRig;
let olga: SignedInPerson;

beforeEach(async () => {
  rig = await createRig();
  olga = await rig.owner();
});

afterEach(() => rig.close());

const code = (expected: string) => expect.objectContaining({ code: expected });
const grant = (...wanted: WantedRole) => rig.grant(olga.by, ...wanted);

describe("grants", () => {
  it("are one per person and app, changed in place, and end by themselves", async () => {
    const { caller } = await rig.person("maria@example.org");
    expect((await grant("maria@example.org", "shop", "viewer")).changed).toBe(true);
    expect((await grant("maria@example.org", "shop", "viewer")).changed).toBe(false);
    await grant("maria@example.org", "shop", "operator", rig.now() + day);
    expect(await rig.access.grants.ofApp("shop")).toHaveLength(1);
    expect(await rig.access.roleOf(caller, "shop")).toBe("operator");
    rig.pass(day);
    expect(await rig.access.roleOf(caller, "shop")).toBeUndefined();
    expect(await rig.access.may(caller, "logs.read", "shop")).toBe(false);
  });

  it("nobody grants more than they have, for another app, or for longer", async () => {
    const maria = await rig.person("maria@example.org");
    const give = (app: string, expiresAt?: number) =>
      rig.access.grants.set(maria.by, {
        person: "lee@example.org",
        app,
        role: "viewer",
        ...(expiresAt === undefined ? {} : { expiresAt }),
      });
    await grant("maria@example.org", "shop", "operator");
    await expect(give("shop")).rejects.toEqual(code("access.more-than-own"));
    const end = rig.now() + day;
    await grant("maria@example.org", "shop", "manager", end);
    await expect(give("billing")).rejects.toEqual(code("access.more-than-own"));
    await expect(give("*")).rejects.toEqual(code("access.more-than-own"));
    await expect(give("shop")).rejects.toEqual(code("access.longer-than-own"));
    await expect(give("shop", end + 1)).rejects.toEqual(code("access.longer-than-own"));
    const made = await give("shop", end);
    expect(made.invitation).toBeDefined();
    await expect(rig.access.grants.remove(maria.by, made.grant.id, "billing")).resolves.toBe(false);
    await expect(rig.access.grants.remove(maria.by, made.grant.id, "shop")).resolves.toBe(true);
  });

  it("refuses roles, apps and ends that are none", async () => {
    const set = (wanted: object) =>
      rig.access.grants.set(olga.by, {
        person: "lee@example.org",
        app: "shop",
        role: "viewer",
        ...wanted,
      });
    await expect(set({ role: "admin" })).rejects.toEqual(code("access.bad-role"));
    await expect(set({ app: "Shop/../x" })).rejects.toEqual(code("access.bad-app"));
    await expect(set({ expiresAt: rig.now() })).rejects.toEqual(code("access.bad-expiry"));
    await expect(set({ expiresAt: Number.POSITIVE_INFINITY })).rejects.toEqual(code("access.bad-expiry"));
    expect(await rig.access.people.byEmail("lee@example.org")).toBeUndefined();
  });
});

describe("the two questions", () => {
  it("what can this person do, and who can do this here, are answered by the rules that decide", async () => {
    const maria = await rig.person("maria@example.org");
    await grant("maria@example.org", "shop", "operator");
    const rights = await rig.access.questions.rightsOf(maria.person.id, ["billing", "shop"]);
    expect(rights.apps).toMatchObject([{ app: "shop", role: "operator", grants: [{ app: "shop" }] }]);
    for (const action of rights.apps[0]?.actions ?? []) {
      expect(await rig.access.may(maria.caller, action, "shop")).toBe(true);
    }
    const who = await rig.access.questions.whoCan("shop");
    expect(who.people.map(({ person, role }) => [person.email, role])).toEqual([
      ["olga@example.org", "manager"],
      ["maria@example.org", "operator"],
    ]);
    const may = Object.fromEntries(who.actions.map(({ action, people }) => [action, people]));
    expect(may["logs.read"]).toEqual(["olga@example.org", "maria@example.org"]);
    expect(may["access.grant"]).toEqual(["olga@example.org"]);
    const own = await rig.access.questions.ownRights(maria.caller, ["billing", "shop"]);
    expect(own.apps.map(({ app }) => app)).toEqual(["shop"]);
    expect(own.actions).not.toContain("people.manage");
  });
});
