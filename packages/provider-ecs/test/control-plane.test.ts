import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Capacity, ec2, fargate, instance } from "../src/index.js";
import { isReading } from "./support/aws-proxy.js";
import { joinAsAgents } from "./support/ground.js";
import { has } from "./support/needs.js";
import { sampleDeployer, sampleSecrets } from "./support/sample-app.js";
import { useVendor } from "./support/use-vendor.js";

/*
 * A whole app in each mode on moto: everything is made, a second plan finds nothing to do, another release replaces the
 * processes, and down leaves nothing. No container ever runs here; see `deploy-docker.test.ts` for that.
 */

const hasPython = await has("python");

describe.skipIf(!hasPython).each<readonly [string, Capacity, cluster: string]>([
  ["fargate()", fargate(), "deploy-production"],
  ["ec2()", ec2(), "deploy-production-ec2"],
  ["instance()", instance(), "deploy-production-instance"],
])("%s", (_name, capacity, cluster) => {
  const vendor = useVendor({ moto: { servicesRunning: 1, certificateWait: 0 } });
  let agents: ReturnType<typeof joinAsAgents> | undefined;
  beforeAll(() => {
    if (capacity.kind !== "fargate") agents = joinAsAgents(vendor(), cluster);
  });
  afterAll(() => agents?.stop());

  it("is deployed, found unchanged, deployed again, and removed without a trace", async () => {
    const { env, proxy } = vendor();
    await sampleDeployer({ capacity, env }).up({ secrets: sampleSecrets });

    proxy.reset();
    const plan = await sampleDeployer({ capacity, env }).plan();
    expect(plan.changes).toEqual([]);
    expect(proxy.calls.filter(({ mutation }) => mutation)).toEqual([]);

    proxy.reset();
    await sampleDeployer({ capacity, env, version: "two" }).up();
    const changed = proxy.calls
      .filter(({ operation }) => !isReading(operation))
      .map(({ operation }) => operation);
    expect(changed.filter((one) => one === "UpdateService")).toHaveLength(3);

    await sampleDeployer({ capacity, env }).down({ confirm: "shop", deleteData: ["SECRET_KEY"] });
    const left = await sampleDeployer({ capacity, env }).plan();
    expect(left.changes.every(({ action }) => action === "create" || action === "wait")).toBe(true);
  }, 300_000);
});
