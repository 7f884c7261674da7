import assert from "node:assert/strict";
import { type Route, UNKNOWN } from "@deploy/core";
import type { Scenario } from "../scenario.js";
import type { Bench } from "../workbench/bench.js";
import { composed, hostsOf, up } from "../workbench/compose.js";
import { defineScenario } from "../workbench/define.js";

const element = "ingress" as const;
const requires = ["ingress", "ingress.customHosts"];

/** Routes lead to processes: where those are the provider's own, they have to be there. */
async function standing(bench: Bench): Promise<void> {
  if (bench.provider.containers !== undefined) await up(bench, composed(bench));
}

/** Ingress: from host names to processes. */
export const ingress: readonly Scenario[] = [
  defineScenario({
    name: "ingress: every host has an endpoint whose kind is known before anything is made",
    element,
    requires,
    async try(bench) {
      const { web, redirect } = hostsOf(bench);
      const { redirects } = bench.part("ingress").capabilities;
      const routes: Route[] = [{ host: web, process: "web" }];
      if (redirects === true) routes.push({ host: redirect, redirect: web });
      const plan = bench.part("ingress").routes(bench.scope, routes, { after: [] });
      assert.deepEqual(Object.keys(plan.endpoints).sort(), routes.map(({ host }) => host).sort());
      for (const endpoint of Object.values(plan.endpoints)) {
        assert.ok(
          ["hostname", "address", "none"].includes(endpoint.kind),
          `an endpoint of the kind ${endpoint.kind}`,
        );
      }
    },
  }),
  defineScenario({
    name: "ingress: all routes are planned at once: one that is gone is removed, the others stay",
    element,
    requires,
    fixtures: ["app"],
    async try(bench) {
      await standing(bench);
      const { web } = hostsOf(bench);
      const graph = (hosts: readonly string[]) =>
        bench.freshProvider().ingress!.routes(
          bench.scope,
          hosts.map((host) => ({ host, process: "web" })),
          { after: [] },
        );
      const both = [web, `two.${web}`];
      const applied = await bench.apply(graph(both).resources);
      await bench.assertSettled(graph(both).resources);
      assert.notEqual(applied, undefined);
      const { plan } = await bench.plan(graph([web]).resources);
      assert.notDeepEqual(plan.changes, [], "the plan does not see that a route is no longer wanted");
      await bench.apply(graph([web]).resources);
      await bench.assertSettled(graph([web]).resources);
    },
  }),
  defineScenario({
    name: "ingress: the address that answers without any domain is known once the routes are there",
    element,
    requires: ["ingress"],
    fixtures: ["app"],
    async try(bench) {
      await standing(bench);
      const routes = bench.part("ingress").routes(bench.scope, [], { after: [] });
      const applied = await bench.apply(routes.resources);
      const url = applied.resolve(routes.url);
      assert.ok(url !== UNKNOWN && URL.canParse(url as string), `the address is ${String(url)}`);
    },
  }),
  defineScenario({
    name: "ingress: hosts answer with the app, redirects lead to their target, unknown hosts lead nowhere",
    element,
    requires: [...requires, "containers"],
    fixtures: ["app", "ask"],
    async try(bench) {
      const { result } = await up(bench, composed(bench, { domains: true }));
      const ask = bench.fixture("ask");
      const { web, redirect } = hostsOf(bench);
      const url = result.urls.at(-1) ?? "";
      const answer = await ask(url, web, bench.context());
      assert.equal(answer.status, 200, `${web} answers with ${answer.status}`);
      const own = await ask(url, new URL(url).hostname, bench.context());
      assert.equal(own.status, 200, `${url} answers with ${own.status}`);
      const unknown = await ask(url, `nobody.${web}`, bench.context());
      assert.ok(unknown.status >= 400, "a host that was never declared is served");
      if (bench.part("ingress").capabilities.redirects !== true) return;
      const moved = await ask(url, redirect, bench.context());
      assert.ok([301, 302, 307, 308].includes(moved.status), `the redirect answers with ${moved.status}`);
      assert.equal(new URL(moved.location ?? "", url).hostname, web);
    },
  }),
];
