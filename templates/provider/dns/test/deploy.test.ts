import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDeployer, defineApp } from "@deploy/core";
import { type LocalProvider, local } from "@deploy/provider-local";
import { afterAll, expect, it } from "vitest";
import { nimbusCloud } from "../src/index.js";
import { startVendor } from "./vendor.mjs";

const vendor = await startVendor();
const directory = await mkdtemp(join(tmpdir(), "np-"));
afterAll(async () => {
  vendor.close();
  await rm(directory, { recursive: true, force: true });
});

/** This machine answers for every name by itself. Here it says its address instead, so that a record is wanted. */
function withAddress(target: LocalProvider): LocalProvider {
  const { ingress } = target;
  const routes: typeof ingress.routes = (scope, given, options) => ({
    ...ingress.routes(scope, given, options),
    endpoints: Object.fromEntries(given.map(({ host }) => [host, { kind: "address", ipv4: "127.0.0.1" }])),
  });
  return { ...target, ingress: { ...ingress, routes } };
}

it("deploys an app, and its name with it", { timeout: 120_000 }, async () => {
  const serve = 'require("node:http").createServer((_, r) => r.end("hello")).listen(process.env.PORT)';
  const app = defineApp({
    name: "try",
    processes: { web: { command: [process.execPath, "-e", serve] } },
    environments: {
      staging: { target: withAddress(local()), dns: nimbusCloud(), domains: { "www.example.test": "web" } },
    },
  });
  const deployer = createDeployer(app, {
    environment: "staging",
    directory,
    env: { ...process.env, ...vendor.env, DEPLOY_HOME: join(directory, "home") },
  });
  const records = () => vendor.records("example.test").filter(({ name }) => name === "www.example.test");
  try {
    await deployer.up().result;
    expect(records()).toMatchObject([{ type: "A", content: "127.0.0.1" }]);
    expect((await deployer.plan()).changes).toEqual([]);
  } finally {
    await deployer.down({ confirm: "try" }).result;
  }
  expect(records()).toEqual([]);
});
