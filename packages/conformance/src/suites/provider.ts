import assert from "node:assert/strict";
import { type AnyResource, isOut, isRedacted, type Provider, type Scope, type Support } from "@deploy/core";
import type { Scenario } from "../scenario.js";
import { type Bench, kitSecret } from "../workbench/bench.js";
import { defineScenario } from "../workbench/define.js";
import { resourcesIn } from "../workbench/instrument.js";
import { availableAlone } from "./alone.js";
import { capabilityProblems, supportsOf } from "./capabilities.js";

const element = "provider" as const;

/** Every resource that the elements of a provider plan by themselves. */
async function everything(bench: Bench, provider: Provider, scope: Scope): Promise<readonly AnyResource[]> {
  const graphs: AnyResource[] = [];
  for (const one of availableAlone(bench)) {
    // What leads to something else that has to be there is tried composed.
    const standsAlone = one.prepare === undefined || bench.provider.containers === undefined;
    if (standsAlone) graphs.push(...(await one.first(bench, provider, scope)));
  }
  return resourcesIn(graphs);
}

/** What can be said of a provider without asking its vendor anything. */
export const providerFacts: readonly Scenario[] = [
  defineScenario({
    name: "provider: spec and name are those of the contract",
    element,
    async try(bench) {
      const provider = bench.subject.provider();
      assert.equal(provider.spec, 1, "this kit tries providers of spec 1");
      assert.match(provider.name, /^[a-z][a-z0-9-]*$/, "the name is lower case letters, digits and hyphens");
      assert.equal(bench.subject.provider().name, provider.name, "the name changes from one to the next");
    },
  }),
  defineScenario({
    name: "provider: the credentials table is complete, and says where to get each",
    element,
    async try(bench) {
      const { credentials } = bench.provider;
      assert.ok(typeof credentials === "object" && credentials !== null, "there is no credentials table");
      const variables = Object.values(credentials).map(({ env }) => env);
      assert.equal(new Set(variables).size, variables.length, "two credentials are read from one variable");
      for (const [name, field] of Object.entries(credentials)) {
        assert.match(field.env, /^[A-Z][A-Z0-9_]*$/, `${name}: env is no name of a variable`);
        assert.ok(field.label.trim() !== "", `${name}: no label`);
        assert.equal(typeof field.secret, "boolean", `${name}: secret is neither true nor false`);
        assert.equal(typeof field.required, "boolean", `${name}: required is neither true nor false`);
        if (field.docs !== undefined) assert.ok(URL.canParse(field.docs), `${name}: docs is no URL`);
        if (field.required)
          assert.ok(field.docs, `${name}: it is required, and nothing says where to get it`);
      }
    },
  }),
  defineScenario({
    name: "provider: no credential is read that the table does not name",
    element,
    async try(bench) {
      const declared = new Set(Object.values(bench.provider.credentials).map(({ env }) => env));
      const asked = new Set<string>();
      let listed = false;
      const source = bench.context().env;
      const env = new Proxy(source, {
        get: (target, name) => {
          // A copy of all variables is no question for any of them.
          if (typeof name === "string" && (!listed || !(name in target))) asked.add(name);
          return target[name as string];
        },
        ownKeys: (target) => {
          listed = true;
          return Reflect.ownKeys(target);
        },
      });
      const resources = await everything(bench, bench.provider, bench.scope);
      await bench.plan(resources, { context: { env }, prune: true });
      const undeclared = [...asked].filter(
        // An address is no credential, whatever service it is of.
        (name) =>
          /TOKEN|SECRET|PASSWORD|API_?KEY|ACCESS_?KEY|CREDENTIAL/i.test(name) &&
          !/ENDPOINT/i.test(name) &&
          !declared.has(name),
      );
      assert.deepEqual(undeclared, []);
    },
  }),
  defineScenario({
    name: "provider: each capability is true or says why not, and what it promises has its methods",
    element,
    async try(bench) {
      const supports = supportsOf(bench.provider);
      for (const [path, support] of supports) assertSupport(path, support);
      assert.deepEqual(capabilityProblems(bench.provider), []);
    },
  }),
  defineScenario({
    name: "provider: nothing is asked of the vendor until a verb is called",
    element,
    async try(bench) {
      const before = bench.requests();
      const provider = bench.freshProvider();
      supportsOf(provider);
      await bench.context().clock.sleep(10);
      assert.equal(bench.requests(), before, "making a provider costs requests");
    },
  }),
  defineScenario({
    name: "provider: ids are the same in every run, unique, and begin with its name",
    element,
    async try(bench) {
      const first = await everything(bench, bench.freshProvider(), bench.scope);
      const second = await everything(bench, bench.freshProvider(), bench.scope);
      assert.deepEqual(
        second.map(({ id }) => id),
        first.map(({ id }) => id),
        "ids differ from run to run",
      );
      const own = first.filter(({ provider }) => provider === bench.provider.name);
      for (const { id, label, element: name } of own) {
        assert.ok(id.startsWith(`${bench.provider.name}/`), `${id} does not begin with the provider's name`);
        assert.ok(label.trim() !== "", `${id} has no label`);
        assert.ok(
          bench.provider[name] !== undefined,
          `${id} is of ${name}, which the provider does not have`,
        );
        assert.ok(!id.includes(kitSecret), `${id} holds a secret`);
      }
      const byId = new Map<string, AnyResource>();
      for (const resource of own) {
        const twin = byId.get(resource.id);
        if (twin !== undefined) assert.equal(twin.element, resource.element, `${resource.id} is two things`);
        byId.set(resource.id, resource);
      }
    },
  }),
  defineScenario({
    name: "provider: what is desired is data, late values and secrets aside",
    element,
    async try(bench) {
      for (const resource of await everything(bench, bench.provider, bench.scope)) {
        assertData(resource.desired, resource.id);
      }
    },
  }),
  defineScenario({
    name: "provider: owned() answers for one environment only, and with nothing where there is nothing",
    element,
    requires: ["owned"],
    async try(bench) {
      assert.deepEqual(
        (await bench.owned()).map(({ id }) => id),
        [],
        "it owns something before anything was made",
      );
      const resources = await everything(bench, bench.provider, bench.scope);
      await bench.apply(resources);
      const ids = (await bench.owned()).map(({ id }) => id);
      assert.equal(new Set(ids).size, ids.length, "owned() lists something twice");
      const other = bench.otherScope("other");
      const others = (await bench.owned(other)).filter((one) => one.history !== true && one.shared !== true);
      const account = new Set((await everything(bench, bench.provider, other)).map(({ id }) => id));
      assert.deepEqual(
        others.map(({ id }) => id).filter((id) => !account.has(id)),
        [],
        "another environment is listed too",
      );
    },
  }),
  defineScenario({
    name: "provider: owned() lists what was made, by the ids of the resources",
    element,
    requires: ["owned"],
    async try(bench) {
      const resources = await everything(bench, bench.provider, bench.scope);
      const applied = await bench.apply(resources);
      const known = new Set(resources.map(({ id }) => id));
      const owned = await bench.owned();
      const strangers = owned
        .filter(({ id, history }) => history !== true && !known.has(id))
        .map(({ id }) => id);
      assert.deepEqual(
        strangers,
        [],
        "owned() has ids that no resource has: the next full plan would delete them",
      );
      const { plan } = await bench.plan(resources, { prune: true });
      assert.deepEqual(
        plan.changes.map(({ id }) => id),
        [],
        "a full plan of the same deletes something",
      );
      const listed = new Set(owned.map(({ id }) => id));
      const other = new Set(
        (await everything(bench, bench.provider, { ...bench.scope, environment: "another" })).map(
          ({ id }) => id,
        ),
      );
      const forgotten = resources.filter(
        (one) =>
          one.provider === bench.provider.name &&
          one.create !== undefined &&
          applied.done.includes(one.id) &&
          !listed.has(one.id) &&
          !other.has(one.id),
      );
      assert.deepEqual(
        forgotten.map(({ id }) => id),
        [],
        "it was made, and owned() does not know it",
      );
    },
  }),
  defineScenario({
    name: "provider: doctor and identity answer, and their findings can be read",
    element,
    async try(bench) {
      const identity = await bench.provider.identity?.(bench.context());
      if (identity !== undefined)
        assert.ok(identity.account !== "" && identity.label !== "", "an identity without a name");
      for (const { subject, message, state, hint } of (await bench.provider.doctor?.(
        bench.context(),
        bench.scope,
      )) ?? []) {
        assert.ok(subject !== "" && message !== "", "a finding that says nothing");
        if (state === "failed") assert.ok(hint, `${subject}: it failed, and nothing says what to do`);
      }
    },
  }),
];

function assertSupport(path: string, support: Support | undefined): void {
  if (support === true || support === undefined) return;
  assert.ok(
    typeof support === "object" && support !== null,
    `${path} is ${String(support)}: say true, or why not`,
  );
  assert.ok(typeof support.no === "string" && support.no.trim() !== "", `${path}: no reason is given`);
  if (support.link !== undefined) assert.ok(URL.canParse(support.link), `${path}: its link is no URL`);
}

function assertData(value: unknown, path: string): void {
  if (isOut(value) || isRedacted(value) || value === null || value === undefined) return;
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) assertData(item, `${path}[${index}]`);
    return;
  }
  if (typeof value !== "object") {
    assert.ok(
      ["string", "number", "boolean"].includes(typeof value),
      `${path} is a ${typeof value}, not data`,
    );
    return;
  }
  assert.equal(Object.getPrototypeOf(value), Object.prototype, `${path} is no plain object`);
  for (const [key, member] of Object.entries(value)) assertData(member, `${path}.${key}`);
}
