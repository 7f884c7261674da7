import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type AccessRig,
  createRig,
  day,
  from,
  password,
  type SignedInPerson,
  type WantedRole,
} from "./testing/rig.js";

let rig: AccessRig;
let olga: SignedInPerson;

beforeEach(async () => {
  rig = await createRig();
  olga = await rig.owner();
});

afterEach(() => rig.close());

const code = (expected: string) => expect.objectContaining({ code: expected });
const grant = (...wanted: WantedRole) => rig.grant(olga.by, ...wanted);

describe("invitations", () => {
  it("are taken once, by whoever has the link, within seven days", async () => {
    const invited = await rig.access.people.invite(olga.by, { email: "Maria@Example.org" });
    expect(invited.person).toMatchObject({ email: "maria@example.org", ways: [] });
    const enter = (secret: string) =>
      rig.access.entry.enterWithInvitation(secret, `plain ${password}`, "Maria", from);
    const { person } = await enter(invited.secret);
    expect(person).toMatchObject({ email: "maria@example.org", name: "Maria", ways: ["password"] });
    await expect(enter(invited.secret)).rejects.toEqual(code("sign-in.invitation-over"));

    const late = await rig.access.people.invite(olga.by, { email: "lee@example.org" });
    rig.pass(7 * day);
    await expect(enter(late.secret)).rejects.toEqual(code("sign-in.invitation-over"));
    await expect(enter("made-up")).rejects.toEqual(code("sign-in.invitation-over"));
  });

  it("are void once there is a newer one, and nobody is invited who is here", async () => {
    const first = await rig.access.people.invite(olga.by, { email: "lee@example.org" });
    const second = await rig.access.people.invite(olga.by, { email: "lee@example.org" });
    expect(await rig.access.people.invitation(first.secret)).toBeUndefined();
    expect(await rig.access.people.invitation(second.secret)).toMatchObject({
      invitedBy: "olga@example.org",
    });
    await rig.person("maria@example.org");
    await expect(rig.access.people.invite(olga.by, { email: "maria@example.org" })).rejects.toEqual(
      code("access.known"),
    );
  });

  it("come with their roles, or not at all: one that cannot be given leaves nothing behind", async () => {
    const mia = await rig.person("mia@example.org");
    const end = rig.now() + day;
    await grant("mia@example.org", "*", "manager", end);
    const before = await rig.access.auditLog({ limit: 100 });
    const invite = (expiresAt: number) =>
      rig.access.people.invite(mia.by, {
        email: "lee@example.org",
        grants: [
          { app: "shop", role: "viewer", expiresAt: end },
          { app: "blog", role: "viewer", expiresAt },
        ],
      });
    // The second of the two is for longer than who invites has: by then the first is written.
    await expect(invite(end + 1)).rejects.toEqual(code("access.longer-than-own"));
    expect(await rig.access.people.byEmail("lee@example.org")).toBeUndefined();
    expect(await rig.access.grants.ofApp("shop")).toEqual([]);
    expect(await rig.access.auditLog({ limit: 100 })).toEqual(before);
    const made = await invite(end);
    expect((await rig.access.grants.ofPerson(made.person.id)).map(({ app }) => app)).toEqual([
      "blog",
      "shop",
    ]);
  });

  it("rule 5: are bound to the address they were made for, and stored as a hash", async () => {
    const invited = await rig.access.people.invite(olga.by, { email: "lee@example.org" });
    const { person } = await rig.access.entry.enterWithInvitation(
      invited.secret,
      `plain ${password}`,
      "olga@example.org",
      from,
    );
    expect(person).toMatchObject({ email: "lee@example.org", id: invited.person.id });
    const again = await rig.access.people.invite(olga.by, { email: "kim@example.org" });
    expect(JSON.stringify(await rig.access.people.list())).not.toContain(again.secret);
    for (const end of ["", "-wal"])
      expect(readFileSync(`${rig.file}${end}`).includes(again.secret)).toBe(false);
  });

  it("no two addresses are the same by a trick of letters", async () => {
    // The Kelvin sign becomes a plain k in lower case.
    for (const email of [
      "\u212Aim@example.org",
      "kim@exämple.org",
      "kim",
      "a@b",
      "kim @example.org",
      "k@-",
      "",
    ]) {
      await expect(rig.access.people.invite(olga.by, { email })).rejects.toEqual(code("access.bad-email"));
    }
  });
});

describe("the first owner", () => {
  it("gets in by a link, once, within ten minutes; a newer link voids it", async () => {
    const enter = (secret: string) => rig.access.entry.enterWithLink(secret, {}, from);
    const first = await rig.access.entry.makeOwnerLink();
    const second = await rig.access.entry.makeOwnerLink();
    await expect(enter(first)).rejects.toEqual(code("sign-in.link-over"));
    expect((await enter(second)).person.email).toBe("olga@example.org");
    await expect(enter(second)).rejects.toEqual(code("sign-in.link-over"));
    const third = await rig.access.entry.makeOwnerLink();
    rig.pass(10 * 60 * 1_000);
    await expect(enter(third)).rejects.toEqual(code("sign-in.link-over"));
  });

  it("has to say who they are; a link that was refused for that can be used again", async () => {
    const empty = await createRig();
    const { entry } = empty.access;
    const secret = await entry.makeOwnerLink();
    expect(await entry.ownerOfLink(secret)).toEqual({});
    await expect(entry.enterWithLink(secret, {}, from)).rejects.toEqual(code("access.no-email"));
    await expect(entry.enterWithLink(secret, { email: "olga" }, from)).rejects.toEqual(
      code("access.bad-email"),
    );
    const { person } = await entry.enterWithLink(secret, { email: "olga@example.org" }, from);
    expect(person.email).toBe("olga@example.org");
    expect(await entry.ownerOfLink(secret)).toBeUndefined();
    const later = await entry.makeOwnerLink();
    expect(await entry.ownerOfLink(later)).toMatchObject({ owner: { email: "olga@example.org" } });
    empty.pass(10 * 60 * 1_000);
    expect(await entry.ownerOfLink(later)).toBeUndefined();
    await empty.close();
  });

  it("the last owner cannot be removed, demoted or given an end", async () => {
    const [own] = await rig.access.grants.ofPerson(olga.person.id);
    const last = code("access.last-owner");
    await expect(rig.access.people.revoke(olga.by, olga.person.id)).rejects.toEqual(last);
    await expect(rig.access.grants.remove(olga.by, own?.id ?? "", "*")).rejects.toEqual(last);
    await expect(grant("olga@example.org", "*", "operator")).rejects.toEqual(last);
    await expect(grant("olga@example.org", "*", "manager", rig.now() + day)).rejects.toEqual(last);
    // An owner who was never here opens no door.
    await grant("maria@example.org", "*", "manager");
    await expect(rig.access.people.revoke(olga.by, olga.person.id)).rejects.toEqual(last);
    expect(await rig.access.may(olga.caller, "people.manage")).toBe(true);

    await rig.person("lee@example.org");
    await grant("lee@example.org", "*", "manager");
    await rig.access.people.revoke(olga.by, olga.person.id);
    expect(await rig.access.may(olga.caller, "self")).toBe(false);
  });
});

describe("revoking a person", () => {
  it("ends grants, sessions, tokens and ways to sign in at once, and tells whoever listens", async () => {
    const maria = await rig.person("maria@example.org");
    await grant("maria@example.org", "shop", "manager");
    const token = await rig.access.tokens.make(maria, { name: "ci", app: "shop", role: "viewer" });
    const byToken = await rig.access.callerOf({ token: token.secret });
    expect(await rig.access.may(byToken, "logs.read", "shop")).toBe(true);
    let told = 0;
    rig.access.onChange(() => {
      told += 1;
    });
    const ended = await rig.access.people.revoke(olga.by, maria.person.id);
    expect(ended).toEqual({ grants: 1, sessions: 1, tokens: 1, invitations: 0 });
    expect(told).toBe(1);
    for (const caller of [maria.caller, byToken]) {
      expect(await rig.access.may(caller, "logs.read", "shop")).toBe(false);
      expect(await rig.access.may(caller, "apps.list")).toBe(false);
    }
    expect(await rig.access.callerOf({ session: maria.secret })).toEqual({ kind: "nobody" });
    expect(await rig.access.callerOf({ token: token.secret })).toEqual({ kind: "nobody" });
    expect((await rig.access.entry.passwordFacts("maria@example.org", from.address)).hash).toBeUndefined();
  });

  it("who was revoked comes back by an invitation of who manages everything, and starts anew", async () => {
    const kim = await rig.person("kim@example.org");
    await grant("kim@example.org", "shop", "manager");
    const maria = await rig.person("maria@example.org");
    await rig.access.people.revoke(olga.by, maria.person.id);
    const again = { person: "maria@example.org", app: "shop", role: "viewer" } as const;
    await expect(rig.access.grants.set(kim.by, again)).rejects.toEqual(code("access.revoked"));
    const { invitation, person } = await rig.access.grants.set(olga.by, again);
    expect(invitation).toBeDefined();
    expect(person.ways).toEqual([]);
    expect(person.id).toBe(maria.person.id);
  });
});
