import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type AccessRig, createRig, day, from, type SignedInPerson } from "./testing/rig.js";

let rig: AccessRig;
let olga: SignedInPerson;

beforeEach(async () => {
  rig = await createRig();
  olga = await rig.owner();
});

afterEach(() => rig.close());

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
