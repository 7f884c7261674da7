import { readFileSync, statSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createAccessBook } from "./book.js";
import { networkOf } from "./network.js";
import { type AccessRig, createRig, day, from, password, type SignedInPerson } from "./testing/rig.js";

let rig: AccessRig;
let olga: SignedInPerson;

beforeEach(async () => {
  rig = await createRig();
  olga = await rig.owner();
});

afterEach(() => rig.close());

const code = (expected: string) => expect.objectContaining({ code: expected });
const grant = (person: string, app: string, role: "viewer" | "operator" | "manager", expiresAt?: number) =>
  rig.access.grants.set(olga.by, {
    person,
    app,
    role,
    ...(expiresAt === undefined ? {} : { expiresAt }),
  });

describe("what is stored", () => {
  it("rule 5: no secret is in the files, and they are for their owner alone", async () => {
    const invited = await rig.access.people.invite(olga.by, { email: "maria@example.org" });
    const token = await rig.access.tokens.make(olga, { name: "ci", app: "*", role: "viewer" });
    const link = await rig.access.entry.makeOwnerLink();
    const bytes = ["", "-wal"].map((end) => readFileSync(`${rig.file}${end}`)).join("\n");
    for (const secret of [olga.secret, invited.secret, token.secret, link]) {
      expect(bytes).not.toContain(secret);
    }
    for (const end of ["", "-wal", "-shm"]) expect(statSync(`${rig.file}${end}`).mode & 0o777).toBe(0o600);
  });

  it("rule 5: a password is hashed with argon2id, 19 MiB and two passes", async () => {
    const access = await createAccessBook({ directory: `${rig.directory}/real` });
    const turn = { network: "198.51.100.7", known: false };
    const hash = await access.passwords.hash(password, turn);
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(await access.passwords.verify(hash, password, turn)).toBe(true);
    expect(await access.passwords.verify(hash, "something else", turn)).toBe(false);
    expect(await access.passwords.verify(undefined, password, turn)).toBe(false);
    expect(await access.passwords.verify("no hash at all", password, turn)).toBe(false);
    await access.close();
  });

  it("survives being closed, and refuses what it cannot read instead of starting anew", async () => {
    await grant("maria@example.org", "shop", "viewer");
    const access = await rig.reopen();
    expect((await access.grants.ofApp("shop")).map(({ role }) => role)).toEqual(["viewer"]);
    expect(await access.may(olga.caller, "people.manage")).toBe(true);
    await access.close();
    for (const content of ["no database", "no database".repeat(1_000)]) {
      writeFileSync(rig.file, content);
      await expect(createAccessBook({ directory: rig.directory })).rejects.toMatchObject({
        code: "console.access-unreadable",
      });
      expect(readFileSync(rig.file, "utf8")).toBe(content);
    }
    rig = await createRig();
  });
});

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

describe("sessions", () => {
  it("end after 7 days without use, and after 30 days at the latest", async () => {
    const alive = async () => (await rig.access.callerOf({ session: olga.secret })).kind === "person";
    for (let days = 0; days < 24; days += 6) {
      expect(await alive()).toBe(true);
      rig.pass(6 * day);
    }
    expect(await alive()).toBe(true);
    rig.pass(6 * day);
    expect(await alive()).toBe(false);
    expect(await rig.access.may(olga.caller, "self")).toBe(false);
    const second = await rig.access.entry.enterWithLink(await rig.access.entry.makeOwnerLink(), {}, from);
    rig.pass(7 * day);
    expect(await rig.access.callerOf({ session: second.secret })).toEqual({ kind: "nobody" });
  });

  it("are listed and ended by whose they are, and by nobody else", async () => {
    const maria = await rig.person("maria@example.org");
    const [session] = await rig.access.sessions.list(maria.person.id);
    expect(session).toMatchObject({ address: from.address, browser: "Firefox on Linux", way: "invitation" });
    expect(await rig.access.sessions.end(olga.by, olga.person.id, session?.id ?? "")).toBe(false);
    expect(await rig.access.sessions.end(maria.by, maria.person.id, session?.id ?? "")).toBe(true);
    expect(await rig.access.callerOf({ session: maria.secret })).toEqual({ kind: "nobody" });
  });

  it("a new password ends every other session", async () => {
    const maria = await rig.person("maria@example.org");
    const other = await rig.access.entry.enterWithPassword(maria.person.id, from);
    await rig.access.entry.setPassword(maria.by, maria.person.id, "plain new", maria.caller.sessionId);
    expect((await rig.access.callerOf({ session: maria.secret })).kind).toBe("person");
    expect((await rig.access.callerOf({ session: other.secret })).kind).toBe("nobody");
  });
});

describe("tokens", () => {
  it("do what their role lets them, for their app, until they expire, and never more than their owner may", async () => {
    const maria = await rig.person("maria@example.org");
    await grant("maria@example.org", "shop", "manager");
    const { secret, token } = await rig.access.tokens.make(maria, {
      name: "ci",
      app: "shop",
      role: "operator",
      expiresAt: rig.now() + day,
    });
    expect(secret).toMatch(/^dpl_[\w-]{43}$/);
    const caller = await rig.access.callerOf({ token: secret });
    const may = (action: "processes.scale" | "secrets.reveal" | "access.grant" | "logs.read", app = "shop") =>
      rig.access.may(caller, action, app);
    expect(await may("processes.scale")).toBe(true);
    expect(await may("secrets.reveal")).toBe(false);
    expect(await may("access.grant")).toBe(false);
    expect(await may("logs.read", "billing")).toBe(false);
    await grant("maria@example.org", "shop", "viewer");
    expect(await may("processes.scale")).toBe(false);
    expect(await may("logs.read")).toBe(true);
    rig.pass(day);
    expect(await may("logs.read")).toBe(false);
    expect(await rig.access.callerOf({ token: secret })).toEqual({ kind: "nobody" });
    expect(token.expiresAt).toBe(rig.now());
  });

  it("are refused above one's own role, beyond a year, and ended by their owner alone", async () => {
    const maria = await rig.person("maria@example.org");
    const make = (wanted: { app?: string; role?: "viewer" | "manager"; expiresAt?: number }) =>
      rig.access.tokens.make(maria, { name: "ci", app: "shop", role: "viewer", ...wanted });
    await grant("maria@example.org", "shop", "viewer");
    await expect(make({ role: "manager" })).rejects.toEqual(code("access.more-than-own"));
    await expect(make({ app: "*" })).rejects.toEqual(code("access.more-than-own"));
    await expect(make({ expiresAt: rig.now() + 367 * day })).rejects.toEqual(code("access.bad-expiry"));
    const { token, secret } = await make({});
    expect(await rig.access.tokens.end(olga.by, olga.person.id, token.id)).toBe(false);
    expect(await rig.access.tokens.end(maria.by, maria.person.id, token.id)).toBe(true);
    expect(await rig.access.callerOf({ token: secret })).toEqual({ kind: "nobody" });
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

describe("networks", () => {
  it("an IPv6 address counts by its first 64 bits, an IPv4 one as it is", () => {
    expect(networkOf("2001:db8:1:2:3:4:5:6")).toBe("2001:db8:1:2::/64");
    expect(networkOf("2001:db8:1:2::9")).toBe("2001:db8:1:2::/64");
    expect(networkOf("2001:db8:1:3::9")).not.toBe(networkOf("2001:db8:1:2::9"));
    expect(networkOf("::ffff:198.51.100.7")).toBe("198.51.100.7");
    expect(networkOf("::ffff:c633:6407")).toBe("198.51.100.7");
    expect(networkOf("fe80::1%eth0")).toBe("fe80:0:0:0::/64");
    expect(networkOf("::1")).toBe("0:0:0:0::/64");
    expect(networkOf("198.51.100.7")).toBe("198.51.100.7");
    expect(networkOf("rubbish")).toBe("unknown");
  });
});
