import { type AnyResource, type Route, UNKNOWN } from "@deploy/core";
import { beforeEach, describe, expect, it } from "vitest";
import type { AwsCall } from "../../../test/support/aws-proxy.js";
import { has } from "../../../test/support/needs.js";
import {
  createTrafficBench,
  type Ground,
  layGround,
  removeInOrder,
  type TrafficBench,
  webProcess,
} from "../../../test/support/traffic/traffic-bench.js";
import { useVendor } from "../../../test/support/use-vendor.js";
import { createCertificates } from "../../certificates/certificates.js";
import { instance } from "../../options.js";
import { attachmentOf } from "../attachment.js";
import { createIngress } from "../ingress.js";
import { siteFinder } from "./owned.js";
import { exitCodes, variables } from "./scripts.js";

const task = "arn:aws:ecs:us-east-1:123456789012:task/deploy-production/0123456789abcdef0123456789abcdef";

describe.skipIf(!(await has("python")))("apps on one instance", () => {
  const vendor = useVendor();
  let ground: Ground;
  let bench: TrafficBench;

  beforeEach(async () => {
    await vendor().reset();
    ground = await layGround(vendor(), true);
    bench = createTrafficBench(vendor(), ground, { capacity: instance() });
    await bench.parts.clients.send(bench.context(), "ecs", "CreateCluster", {
      clusterName: "deploy-production",
    });
  });

  /** Tasks of the instance's agent, which the emulator has none of: how each of them ends. */
  const tasksEnd = (...codes: readonly number[]): void => {
    vendor().proxy.script({
      on: "ecs:RunTask",
      tell: { answer: { tasks: [{ taskArn: task, lastStatus: "PENDING" }], failures: [] } },
    });
    codes.forEach((exitCode, index) => {
      vendor().proxy.script({
        on: "ecs:DescribeTasks",
        ...(index < codes.length - 1 ? { times: 1 } : {}),
        tell: {
          answer: {
            tasks: [{ taskArn: task, lastStatus: "STOPPED", containers: [{ name: "caddy", exitCode }] }],
            failures: [],
          },
        },
      });
    });
  };
  const plan = (of: TrafficBench, routes: readonly Route[]) => {
    const web = webProcess();
    attachmentOf(of.parts, of.scope, web, [web], "web");
    const certificate = createCertificates(of.parts).certificate(
      of.scope,
      routes.map(({ host }) => host),
      () => {
        throw new Error("Caddy proves by itself");
      },
    );
    return createIngress(of.parts).routes(of.scope, routes, { after: [certificate.issued], certificate });
  };
  const apply = async (of: TrafficBench, routes: readonly Route[]): Promise<unknown> => {
    const made = plan(of, routes);
    const applied = await of.apply(made.resources);
    return applied.resolve(made.url);
  };
  const runs = (): readonly AwsCall[] =>
    vendor().proxy.calls.filter(({ operation }) => operation === "RunTask");
  const environmentOf = (call: AwsCall | undefined): Record<string, string> => {
    const { containerOverrides = [] } = (call?.input.overrides ?? {}) as {
      containerOverrides?: { environment: { name: string; value: string }[] }[];
    };
    return Object.fromEntries(
      (containerOverrides[0]?.environment ?? []).map(({ name, value }) => [name, value]),
    );
  };
  const settled = async (of: TrafficBench, resources: readonly AnyResource[]): Promise<void> => {
    expect((await of.plan(resources)).plan.changes).toEqual([]);
  };

  const routes: readonly Route[] = [
    { host: "example.org", process: "web" },
    { host: "www.example.org", redirect: "example.org" },
  ];

  it("Caddy runs on each instance, and the app's site is put in place by a task", async () => {
    tasksEnd(exitCodes.done);
    expect(await apply(bench, routes)).toBe("http://203.0.113.5");
    await settled(bench, plan(bench, routes).resources);
    expect(runs()).toHaveLength(1);
    const environment = environmentOf(runs()[0]);
    expect(environment[variables.text]).toContain(
      "dynamic srv shop-production-web.deploy-production.internal",
    );
    expect(environment[variables.ports]).toBe("80");
    const { services } = await bench.parts.clients.send(bench.context(), "ecs", "DescribeServices", {
      cluster: "deploy-production",
      services: ["deploy-production-proxy"],
    });
    expect(services).toMatchObject([{ schedulingStrategy: "DAEMON", launchType: "EC2" }]);
    expect(plan(bench, routes).endpoints["example.org"]).toMatchObject({ kind: "address" });
  });

  it("a second app has a port of its own; other hosts are one task and no new proxy", async () => {
    tasksEnd(exitCodes.done);
    await apply(bench, routes);
    const blog = bench.other("blog");
    expect(await apply(blog, [])).toMatch(/^http:\/\/203\.0\.113\.5:8\d\d\d$/);
    await settled(bench, plan(bench, routes).resources);
    const before = vendor().proxy.names.length;
    await apply(bench, routes.slice(0, 1));
    const changes = vendor()
      .proxy.calls.slice(before)
      .filter(({ mutation }) => mutation);
    expect(changes.map(({ operation }) => operation)).toEqual(["RunTask", "CreateTags"]);
    await settled(blog, plan(blog, []).resources);
  });

  it("a port that another app has just taken is left to it", async () => {
    tasksEnd(exitCodes.portTaken, exitCodes.done);
    expect(await apply(bench, [])).toMatch(/:8\d\d\d$/);
    expect(runs().map((call) => environmentOf(call)[variables.ports])).toEqual([
      "80",
      expect.stringMatching(/^8\d\d\d$/),
    ]);
  });

  it.each([
    [exitCodes.refused, "refuses the configuration"],
    [exitCodes.notRunning, "does not run"],
  ])("exit code %i of the task is an error that says what it means", async (code, meaning) => {
    tasksEnd(code);
    await expect(apply(bench, routes)).rejects.toMatchObject({
      code: "ingress.site-failed",
      message: expect.stringContaining(meaning),
    });
    expect((await bench.plan(plan(bench, routes).resources)).plan.changes).toMatchObject([
      { action: "create" },
    ]);
  });

  it("a task that finds no room says what to do", async () => {
    vendor().proxy.script({
      on: "ecs:RunTask",
      tell: {
        answer: {
          tasks: [],
          failures: [{ arn: "arn:aws:ecs:us-east-1:1:container-instance/x", reason: "RESOURCE:MEMORY" }],
        },
      },
    });
    await expect(apply(bench, routes)).rejects.toMatchObject({
      code: "ingress.not-placed",
      hint: expect.stringContaining("larger"),
    });
  });

  it("a new instance gets every site again", async () => {
    tasksEnd(exitCodes.done);
    await apply(bench, routes);
    const { clients } = bench.parts;
    await clients.send(bench.context(), "ec2", "TerminateInstances", { InstanceIds: [ground.instanceId!] });
    const fresh = createTrafficBench(vendor(), await layAnother(), { capacity: instance() });
    expect((await fresh.plan(plan(fresh, routes).resources)).plan.changes).toMatchObject([
      { action: "create", label: "site of example.org, www.example.org" },
    ]);
  });
  const layAnother = async (): Promise<Ground> => {
    const made = await bench.parts.clients.send(bench.context(), "ec2", "RunInstances", {
      ImageId: "ami-12c6146b",
      InstanceType: "t3.small",
      MinCount: 1,
      MaxCount: 1,
      TagSpecifications: [{ ResourceType: "instance", Tags: [{ Key: "deploy:group", Value: "production" }] }],
    });
    return { ...ground, instanceId: made.Instances?.[0]?.InstanceId ?? "" };
  };

  it("down takes the site off the instance, and Caddy with the last app", async () => {
    tasksEnd(exitCodes.done);
    const blog = bench.other("blog");
    const { clients } = bench.parts;
    const member = (app: string) => `/deploy-groups/production/${app}/production`;
    for (const app of ["shop", "blog"]) {
      await clients.send(bench.context(), "ssm", "PutParameter", {
        Name: member(app),
        Type: "String",
        Value: "x",
      });
    }
    const url = await apply(bench, routes);
    expect(url).not.toBe(UNKNOWN);
    await apply(blog, []);
    const find = (of: TrafficBench) => siteFinder(of.parts)(of.context(), of.scope, {});
    const first = await find(bench);
    expect(first.filter(({ shared }) => shared !== true)).toHaveLength(1);
    await removeInOrder(bench.context(), first);
    expect(environmentOf(runs().at(-1))[variables.text]).toBe("");
    expect((await find(bench)).filter(({ shared }) => shared !== true)).toEqual([]);
    await settled(blog, plan(blog, []).resources);
    await clients.send(bench.context(), "ssm", "DeleteParameter", { Name: member("shop") });
    await removeInOrder(blog.context(), await find(blog));
    expect(await find(blog)).toEqual([]);
  });
});
