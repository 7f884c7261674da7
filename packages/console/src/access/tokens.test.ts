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
