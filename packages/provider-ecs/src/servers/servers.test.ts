import { beforeEach, describe, expect, it } from "vitest";
import {
  drift,
  foreign,
  instances,
  joinAsAgents,
  openDefaultNetwork,
  rest,
} from "../../test/support/ground.js";
import { has } from "../../test/support/needs.js";
import { blog, createServersBench, type ServersBench, shop } from "../../test/support/servers-bench.js";
import { useVendor } from "../../test/support/use-vendor.js";
import { appName, boundedName } from "../names.js";
import { ec2, instance } from "../options.js";

describe.skipIf(!(await has("python")))("servers", () => {
  const vendor = useVendor();
  let bench: ServersBench;

  beforeEach(async () => {
    await vendor().reset();
    await openDefaultNetwork(vendor());
    bench = createServersBench(vendor());
  });

  it("Fargate: a cluster, two roles, two security groups; a second plan is empty; down leaves nothing", async () => {
    await bench.up(shop);
    expect((await bench.plan(shop)).plan.changes).toEqual([]);
    expect(await bench.parts.foundation(shop).cluster.read(bench.context())).toMatchObject({
      capacityProviders: ["FARGATE", "FARGATE_SPOT"],
    });
    const gone = await bench.down(shop);
    expect(gone.plan.kept).toEqual([]);
    expect(await rest(vendor())).toEqual([]);
  });

  it("apps of a group share the cluster; the last to go takes it along", async () => {
    await bench.up(shop);
    const second = await bench.up(blog);
    expect(second.plan.changes.map(({ label }) => label)).not.toContain("cluster deploy-production");
    const first = await bench.down(shop);
    expect(first.plan.kept.map(({ label }) => label)).toContain("cluster deploy-production");
    expect((await bench.plan(blog)).plan.changes).toEqual([]);
    await bench.down(blog);
    expect(await rest(vendor())).toEqual([]);
  });

  it("drift by hand shows, and is mended: a rule, a policy, an attached policy, a capacity provider", async () => {
    await bench.up(shop);
    await drift(vendor());
    const { plan } = await bench.plan(shop);
    expect(plan.changes.map(({ label, fields }) => [label, fields.map(({ path }) => path)])).toEqual([
      ["cluster deploy-production", ["capacityProviders"]],
      ["role that starts the tasks", ["policy", "attached"]],
      ["security group of the load balancer", ["ingress"]],
    ]);
    await bench.up(shop);
    expect((await bench.plan(shop)).plan.changes).toEqual([]);
  });

  it("what is of our name and not ours blocks the plan, and is not touched by down", async () => {
    await foreign(vendor());
    const { plan } = await bench.plan(shop);
    expect(plan.blocks.map(({ code, id }) => [code, id.split("/").slice(3).join("/")])).toEqual([
      ["plan.foreign", "group:production/cluster/deploy-production"],
      ["plan.foreign", "shop/production/role/execution"],
    ]);
    await bench.down(shop);
    expect(await rest(vendor())).toEqual([
      "cluster deploy-production",
      `role ${appName(shop, 64, "us-east-1", "execution")}`,
    ]);
  });

  it("instance(): address, instance with one hop to its role, volume that outlives it", async () => {
    const one = createServersBench(vendor(), { capacity: instance({ instanceType: "t3.small" }) });
    const agents = joinAsAgents(vendor(), "deploy-production-instance");
    try {
      await one.up(shop);
      expect((await one.plan(shop)).plan.changes).toEqual([]);
      const [made] = await instances(vendor());
      expect(made).toMatchObject({
        InstanceType: "t3.small",
        MetadataOptions: { HttpTokens: "required", HttpPutResponseHopLimit: 1 },
      });
      const address = await one.parts.foundation(shop).address?.read(one.context());
      expect(made?.PublicIpAddress).toBe((address as { ipv4?: string }).ipv4);

      const other = createServersBench(vendor(), { capacity: instance({ instanceType: "t3.large" }) });
      const { plan } = await other.plan(shop);
      expect(plan.blocks[0]).toMatchObject({ code: "servers.instance-differs" });
      expect(plan.blocks[0]?.hint).toContain(`replace: "${made?.InstanceId}"`);
      const word = instance({ instanceType: "t3.large", replace: made?.InstanceId ?? "" });
      const replacing = createServersBench(vendor(), { capacity: word });
      await replacing.up(shop);
      const after = await instances(vendor());
      expect(after.map((each) => each.InstanceType)).toEqual(["t3.large"]);
      expect(after[0]?.PublicIpAddress).toBe((address as { ipv4?: string }).ipv4);

      const kept = await replacing.down(shop);
      expect(kept.plan.kept.map(({ label }) => label.split(" ")[0])).toEqual(["data", "cluster"]);
      const volume = kept.plan.kept[0]?.label.split(" ").at(-1) ?? "";
      await replacing.down(shop, [volume]);
    } finally {
      await agents.stop();
    }
    expect(await rest(vendor())).toEqual([]);
  });

  it("ec2(): instances behind a capacity provider; a changed number is changed in place", async () => {
    const name = boundedName(255, "deploy", "production", "ec2", "t3-small");
    const two = createServersBench(vendor(), { capacity: ec2({ instanceType: "t3.small", count: 2 }) });
    const agents = joinAsAgents(vendor(), "deploy-production-ec2");
    try {
      await two.up(shop);
      expect((await two.plan(shop)).plan.changes).toEqual([]);
      const cluster = await two.parts.foundation(shop).cluster.read(two.context());
      expect(cluster).toMatchObject({ capacityProviders: [name] });
      const more = createServersBench(vendor(), { capacity: ec2({ instanceType: "t3.small", count: 3 }) });
      expect(
        (await more.plan(shop)).plan.changes.map(({ fields }) => fields.map(({ path }) => path)),
      ).toEqual([["min", "max"]]);
      await more.up(shop);
      expect(await instances(vendor())).toHaveLength(3);
      await more.down(shop);
    } finally {
      await agents.stop();
    }
    expect(await rest(vendor(), [name])).toEqual([]);
  });
});
