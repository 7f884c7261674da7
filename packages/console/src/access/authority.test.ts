import type { Role as CoreRole } from "@deploy/core";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ACTIONS, type Action } from "./actions.js";
import { type AccessRig, createRig, day, from } from "./testing/rig.js";
import type { Role } from "./types.js";

/** The console's roles are core's: neither may have one that the other lacks. */
const same: [CoreRole] extends [Role] ? ([Role] extends [CoreRole] ? true : false) : false = true;

const ROLES: readonly Role[] = ["viewer", "deployer", "operator", "manager"];
const APPS = ["shop", "billing", "*"] as const;
const rank: Record<Role, number> = { viewer: 1, deployer: 2, operator: 3, manager: 4 };

interface Held {
  readonly app: (typeof APPS)[number];
  readonly role: Role;
  readonly days: number | undefined;
}

/** What may() is held against: written from the words of DESIGN, without a look at the code. */
function naive(
  action: Action,
  app: string,
  daysPassed: number,
  grants: readonly Held[],
  token: { readonly app: string; readonly role: Role } | undefined,
): boolean {
  const rule = ACTIONS[action];
  if (token !== undefined && !rule.token) return false;
  if (rule.scope === "anybody" || rule.scope === "self") return true;
  const asked = rule.scope === "everywhere" ? "*" : app;
  const last = new Map(grants.map((grant) => [grant.app, grant]));
  let best = 0;
  for (const grant of last.values()) {
    if (grant.app !== "*" && grant.app !== asked) continue;
    if (grant.days !== undefined && daysPassed >= grant.days) continue;
    best = Math.max(best, rank[grant.role]);
  }
  if (token !== undefined) {
    if (token.app !== "*" && token.app !== asked) return false;
    best = Math.min(best, rank[token.role]);
  }
  return best >= rank[rule.role];
}

let rig: AccessRig;

beforeEach(async () => {
  rig = await createRig();
});

afterEach(() => rig.close());

describe("rule 1: one judge", () => {
  it("may() agrees with a naive model for any grants, ends, token, action and app", async () => {
    expect(same).toBe(true);
    const olga = await rig.owner();
    const grants = fc.array(
      fc.record({
        app: fc.constantFrom(...APPS),
        role: fc.constantFrom(...ROLES),
        days: fc.constantFrom(undefined, 1, 3),
      }),
      { maxLength: 4 },
    );
    let number = 0;
    const property = fc.asyncProperty(
      grants,
      fc.option(fc.record({ app: fc.constantFrom(...APPS), role: fc.constantFrom(...ROLES) }), {
        nil: undefined,
      }),
      fc.constantFrom(0, 2),
      async (held, token, days) => {
        number += 1;
        const email = `p${number}@example.org`;
        const someone = await rig.person(email);
        // A token is made while its owner may make it; what it may do is asked later.
        const everything = { person: email, app: "*", role: "manager" } as const;
        await rig.access.grants.set(olga.by, everything);
        const made =
          token === undefined ? undefined : await rig.access.tokens.make(someone, { name: "ci", ...token });
        const [first] = await rig.access.grants.ofPerson(someone.person.id);
        await rig.access.grants.remove(olga.by, first?.id ?? "", "*");
        for (const { app, role, days: end } of held) {
          await rig.access.grants.set(olga.by, {
            person: email,
            app,
            role,
            ...(end === undefined ? {} : { expiresAt: rig.now() + end * day }),
          });
        }
        rig.pass(days * day);
        const caller =
          made === undefined ? someone.caller : await rig.access.callerOf({ token: made.secret });
        for (const action of Object.keys(ACTIONS) as Action[]) {
          for (const app of ["shop", "billing", "other"]) {
            expect(await rig.access.may(caller, action, app), `${action} ${app}`).toBe(
              naive(action, app, days, held, token),
            );
          }
        }
        rig.pass(-days * day);
      },
    );
    await fc.assert(property, { numRuns: 60 });
  });

  it("nobody may do nothing but sign in, whatever is named", async () => {
    for (const action of Object.keys(ACTIONS) as Action[]) {
      expect(await rig.access.may({ kind: "nobody" }, action, "shop")).toBe(action === "sign-in");
    }
  });

  it("rule 6: rights are read each time; a caller that was let in before is not believed", async () => {
    const olga = await rig.owner();
    const old = olga.caller;
    expect(await rig.access.may(old, "logs.read", "shop")).toBe(true);
    // Another browser of theirs is still signed in, and stands in for none.
    await rig.access.entry.enterWithPassword(olga.person.id, from);
    await rig.access.sessions.end(olga.by, olga.person.id, old.sessionId);
    expect(await rig.access.may(old, "logs.read", "shop")).toBe(false);
    expect(await rig.access.roleOf(old, "shop")).toBeUndefined();
    // A session of somebody else does not stand in.
    const maria = await rig.person("maria@example.org");
    const mixed = { ...old, sessionId: maria.caller.sessionId };
    expect(await rig.access.may(mixed, "self")).toBe(false);
  });

  it("an action about an app is refused where no app is named", async () => {
    const olga = await rig.owner();
    expect(await rig.access.may(olga.caller, "logs.read")).toBe(false);
  });
});
