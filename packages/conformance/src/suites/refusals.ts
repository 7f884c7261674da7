import assert from "node:assert/strict";
import { DeployError, isSupported } from "@deploy/core";
import { type Scenario, skip } from "../scenario.js";
import type { Bench } from "../workbench/bench.js";
import { addonName, composed, up } from "../workbench/compose.js";
import { defineScenario } from "../workbench/define.js";

const element = "provider" as const;

/** What needs a capability, straight from the provider. */
const directCalls: Readonly<Record<string, (bench: Bench) => Promise<unknown>>> = {
  "containers.run": (bench) => runRequest(bench, "run"),
  "containers.exec": (bench) => runRequest(bench, "exec"),
  "containers.scale": (bench) => bench.part("containers").scale(bench.context(), bench.scope, { web: 2 }),
  "secrets.reveal": (bench) => bench.part("secrets").reveal(bench.context(), bench.scope, "KIT_SECRET"),
  "logs.follow": (bench) => firstLine(bench, { follow: true }),
  "logs.resume": (bench) => firstLine(bench, { after: "x" }),
  "addons.backup": async (bench) =>
    bench.part("addons").backup?.(bench.context(), bench.scope, addonName) ?? absent(),
  "addons.restore": async (bench) =>
    bench.part("addons").restore?.(bench.context(), bench.scope, addonName, "x") ?? absent(),
  "addons.connect": async (bench) =>
    bench.part("addons").connect?.(bench.context(), bench.scope, addonName) ?? absent(),
};

/** What an app asks for that needs a capability. */
const declarations: Readonly<Record<string, (bench: Bench) => Parameters<typeof composed>[1]>> = {
  "containers.releaseCommand": () => ({ release: "echo no" }),
  "containers.jobs": () => ({ app: { jobs: { nightly: { command: "echo", schedule: "0 0 * * *" } } } }),
  "containers.volumes": (bench) => withWeb(bench, { volumes: { data: "data" } }),
  "containers.internalAddresses": (bench) => withWeb(bench, { internal: true }),
  "ingress.customHosts": () => ({ environment: { domains: { "kit.example.test": "web" } } }),
  "ingress.wildcards": () => ({ environment: { domains: { "*.kit.example.test": "web" } } }),
};

/** What is declared as not possible is refused, before anybody asks the vendor. */
export const refusals: readonly Scenario[] = [
  defineScenario({
    name: "provider: what it says it cannot do is refused without a request, by the provider itself",
    element,
    async try(bench) {
      const lacking = Object.keys(directCalls).filter((path) => isRefused(bench, path));
      if (lacking.length === 0) skip("it can do all of it");
      for (const path of lacking) {
        const asked = bench.requests();
        const error = await bench.failure(path, () => directCalls[path]!(bench));
        assert.equal(bench.requests(), asked, `${path}: asks the vendor although it cannot do that`);
        assert.equal(error.retryable, false);
      }
    },
  }),
  defineScenario({
    name: "provider: an app that needs what it says it cannot do is refused at plan time, without a request",
    element,
    fixtures: ["app"],
    async try(bench) {
      const lacking = Object.keys(declarations).filter((path) => isRefused(bench, path));
      if (lacking.length === 0) skip("it can do all of it");
      for (const path of lacking) {
        const asked = bench.requests();
        const deployer = composed(bench, declarations[path]!(bench));
        await bench.failure(`an app that needs ${path}`, () => deployer.plan());
        await bench.failure(`an app that needs ${path}`, () => up(bench, deployer));
        assert.equal(bench.requests(), asked, `${path}: asks the vendor although it cannot do that`);
      }
    },
  }),
];

function isRefused(bench: Bench, path: string): boolean {
  const [element = "", name = ""] = path.split(".");
  const part = bench.provider[element as "containers"];
  if (part === undefined) return false;
  const support = (part.capabilities as unknown as Readonly<Record<string, never>>)[name];
  return support !== undefined && !isSupported(support);
}

function withWeb(bench: Bench, more: Readonly<Record<string, unknown>>): Parameters<typeof composed>[1] {
  const command = bench.subject.fixtures?.app?.web ?? "serve";
  return { app: { processes: { web: { command, ...more } } } };
}

function runRequest(bench: Bench, mode: "run" | "exec"): Promise<unknown> {
  return bench
    .part("containers")
    .run(bench.context(), bench.scope, { command: "echo no", mode, stdio: "capture" });
}

async function firstLine(
  bench: Bench,
  query: { readonly follow?: boolean; readonly after?: string },
): Promise<unknown> {
  for await (const line of bench.part("logs").read(bench.context(), bench.scope, query)) return line;
  return undefined;
}

/** A method that is not there refuses by its absence. */
async function absent(): Promise<never> {
  throw new DeployError({ code: "addons.unsupported", message: `There is no such method.` });
}
