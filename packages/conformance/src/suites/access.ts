import assert from "node:assert/strict";
import { isSupported, type Role, reveal, type Scope } from "@deploy/core";
import { type Scenario, skip } from "../scenario.js";
import type { Bench } from "../workbench/bench.js";
import { defineScenario } from "../workbench/define.js";

const element = "access" as const;

const weakestFirst: readonly Role[] = ["viewer", "deployer", "operator", "manager"];

/** Roles that the vendor can hold somebody to, weakest first. */
function rolesOf(bench: Bench): readonly [Role, ...Role[]] {
  const { roles } = bench.part("access").capabilities;
  const [first, ...others] = weakestFirst.filter((role) => isSupported(roles[role]));
  return first === undefined ? skip(`${bench.provider.name} holds nobody to any role`) : [first, ...others];
}

/** A person of the vendor: the fixture's, else an address that nobody has. */
function personOf(bench: Bench): string {
  return bench.subject.fixtures?.person ?? "kit@deploy.example";
}

/** What has to be there before anybody can be let in. */
async function prepare(bench: Bench, scope: Scope = bench.scope): Promise<void> {
  const servers = bench.provider.servers?.resources(scope, { memory: 64_000_000, instances: 1 });
  if (servers !== undefined) await bench.apply(servers.resources, { scope });
}

async function grant(bench: Bench, role: Role, scope: Scope = bench.scope): Promise<void> {
  const { resources } = bench.part("access").grants(scope, [{ person: personOf(bench), role }]);
  await bench.apply(resources, { scope });
}

/** The role that the person has in a scope. */
async function roleIn(bench: Bench, scope: Scope = bench.scope): Promise<Role | undefined> {
  const grants = await bench.part("access").who(bench.context(), scope);
  return grants.find(({ person }) => person === personOf(bench))?.role;
}

/** Access: who may do what, at the vendor. */
export const access: readonly Scenario[] = [
  defineScenario({
    name: "access: each role is a yes or says why not",
    element,
    requires: ["access"],
    async try(bench) {
      const { roles } = bench.part("access").capabilities;
      for (const role of weakestFirst) {
        const support = roles[role];
        assert.ok(support === true || support?.no, `${role} is neither a yes nor says why not`);
      }
    },
  }),
  defineScenario({
    name: "access: a grant is told by who(), and granted again there is nothing to do",
    element,
    requires: ["access"],
    async try(bench) {
      const [role] = rolesOf(bench);
      await prepare(bench);
      assert.equal(await roleIn(bench), undefined, "the person has access before it was granted");
      await grant(bench, role);
      assert.equal(await roleIn(bench), role);
      const { resources } = bench.part("access").grants(bench.scope, [{ person: personOf(bench), role }]);
      await bench.assertSettled(resources);
    },
  }),
  defineScenario({
    name: "access: what a grant leaves to hand over is given out once, and is in nothing that is read or planned",
    element,
    requires: ["access", "access.handovers"],
    async try(bench) {
      const part = bench.part("access");
      const [role] = rolesOf(bench);
      await prepare(bench);
      await grant(bench, role);
      const given = part.handovers?.(bench.scope) ?? [];
      for (const { person, what } of given) {
        assert.equal(person, personOf(bench));
        assert.ok(what.length > 0, "it does not say what is to be handed over");
      }
      assert.deepEqual(part.handovers?.(bench.scope), [], "it is given out twice");
      const { resources } = part.grants(bench.scope, [{ person: personOf(bench), role }]);
      const { plan } = await bench.plan(resources);
      const told = JSON.stringify([plan, given, await part.who(bench.context(), bench.scope)]);
      for (const { secret } of given) {
        assert.ok(!told.includes(reveal(secret)), "it can be read in a plan or in who()");
      }
    },
  }),
  defineScenario({
    name: "access: another role takes the place of the present one",
    element,
    requires: ["access"],
    async try(bench) {
      const [first, second] = rolesOf(bench);
      if (second === undefined) skip(`${bench.provider.name} has one role only`);
      await prepare(bench);
      for (const role of [first, second, first] as readonly Role[]) {
        await grant(bench, role);
        assert.equal(await roleIn(bench), role);
      }
      const grants = await bench.part("access").who(bench.context(), bench.scope);
      assert.equal(grants.filter(({ person }) => person === personOf(bench)).length, 1);
    },
  }),
  defineScenario({
    name: "access: revoked from one scope they keep the other, and revoking is safe to repeat",
    element,
    requires: ["access"],
    async try(bench) {
      const [role] = rolesOf(bench);
      const other = bench.otherScope("other");
      for (const scope of [bench.scope, other]) {
        await prepare(bench, scope);
        await grant(bench, role, scope);
      }
      const part = bench.part("access");
      assert.equal((await part.revoke(bench.context(), personOf(bench), bench.scope)).length, 1);
      assert.deepEqual(await part.revoke(bench.context(), personOf(bench), bench.scope), []);
      assert.equal(await roleIn(bench), undefined, "they still have access");
      assert.equal(await roleIn(bench, other), role, "they have lost access to another environment, too");
    },
  }),
  defineScenario({
    name: "access: revoked everywhere they are off every app at once",
    element,
    requires: ["access"],
    async try(bench) {
      const [role] = rolesOf(bench);
      const other = bench.otherScope("other");
      for (const scope of [bench.scope, other]) {
        await prepare(bench, scope);
        await grant(bench, role, scope);
      }
      const part = bench.part("access");
      const apps = await part.revoke(bench.context(), personOf(bench));
      assert.ok(apps.length > 0, "revoke() does not say which apps they were taken off");
      for (const scope of [bench.scope, other]) {
        assert.equal(await roleIn(bench, scope), undefined, `they still have access to ${scope.environment}`);
      }
      assert.deepEqual(await part.revoke(bench.context(), personOf(bench)), []);
    },
  }),
  defineScenario({
    name: "access: a full plan takes nobody's grant away",
    element,
    requires: ["access", "owned"],
    async try(bench) {
      const [role] = rolesOf(bench);
      await prepare(bench);
      await grant(bench, role);
      const servers = bench.provider.servers?.resources(bench.scope, { memory: 64_000_000, instances: 1 });
      const { plan } = await bench.plan(servers?.resources ?? [], { prune: true });
      const theirs = plan.changes.filter((change) => change.element === "access");
      assert.deepEqual(theirs, [], "a deployment without the grant removes it");
    },
  }),
];
