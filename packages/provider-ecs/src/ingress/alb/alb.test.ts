import { type AnyResource, type Route, UNKNOWN } from "@deploy/core";
import { beforeEach, describe, expect, it } from "vitest";
import { has } from "../../../test/support/needs.js";
import {
  createTrafficBench,
  type Ground,
  layGround,
  noteProofs,
  removeInOrder,
  type TrafficBench,
  webProcess,
} from "../../../test/support/traffic/traffic-bench.js";
import { useVendor } from "../../../test/support/use-vendor.js";
import { createCertificates } from "../../certificates/certificates.js";
import { certificateFinder } from "../../certificates/owned.js";
import { attachmentOf } from "../attachment.js";
import { createIngress } from "../ingress.js";
import { ingressFinder } from "../owned.js";
import { loadBalancerName } from "./names.js";
import { balancerStateNow, listenerOn } from "./state.js";
import { targetProblems } from "./target-health.js";

describe.skipIf(!(await has("python")))("apps on a shared load balancer", () => {
  const vendor = useVendor({ moto: { certificateWait: 1 } });
  let ground: Ground;
  let bench: TrafficBench;
  let proofs: ReturnType<typeof noteProofs>;

  beforeEach(async () => {
    await vendor().reset();
    ground = await layGround(vendor());
    bench = createTrafficBench(vendor(), ground);
    proofs = noteProofs();
  });

  const graph = (of: TrafficBench, routes: readonly Route[], secure = false): readonly AnyResource[] => {
    const web = webProcess();
    const { before } = attachmentOf(of.parts, of.scope, web, [web], "web");
    const certificate =
      secure && routes.length > 0
        ? createCertificates(of.parts).certificate(
            of.scope,
            routes.map(({ host }) => host),
            proofs.prove,
          )
        : undefined;
    const after = [...before, ...(certificate === undefined ? [] : [certificate.issued])];
    const plan = createIngress(of.parts).routes(of.scope, routes, {
      after,
      ...(certificate === undefined ? {} : { certificate }),
    });
    return [...before, ...(certificate?.resources ?? []), ...plan.resources];
  };
  const url = async (of: TrafficBench): Promise<unknown> => {
    const plan = createIngress(of.parts).routes(of.scope, [], { after: [] });
    const prepared = await of.plan(plan.resources);
    return prepared.resolve(plan.url);
  };
  const settled = async (of: TrafficBench, resources: readonly AnyResource[]): Promise<void> => {
    expect((await of.plan(resources)).plan.changes).toEqual([]);
  };
  const rulesOn = async (port: number): Promise<string[]> => {
    const listener = listenerOn(await balancerStateNow(bench.parts, bench.context(), bench.scope), port);
    return (listener?.rules ?? []).flatMap(({ hosts }) => hosts).sort();
  };
  const owned = async (of: TrafficBench) => [
    ...(await ingressFinder(of.parts)(of.context(), of.scope, {})),
    ...(await certificateFinder(of.parts)(of.context(), of.scope, {})),
  ];

  it("an app without a domain answers at the load balancer's name, the next one at a port of its own", async () => {
    const first = graph(bench, []);
    await bench.apply(first);
    await settled(bench, first);
    expect(await url(bench)).toMatch(/^http:\/\/[a-z0-9.-]+$/);
    const blog = bench.other("blog");
    await blog.apply(graph(blog, []));
    await settled(blog, graph(blog, []));
    await settled(bench, first);
    expect(await url(blog)).toMatch(/^http:\/\/[a-z0-9.-]+:8\d\d\d$/);
  });

  it("a target group is attached before the service, and checked and drained fast", async () => {
    const web = webProcess();
    const attachment = attachmentOf(bench.parts, bench.scope, web, [web], "web");
    const applied = await bench.apply(attachment.before);
    const arn = applied.resolve(attachment.targetGroupArn!);
    expect(arn).not.toBe(UNKNOWN);
    const { clients } = bench.parts;
    const described = await clients.send(bench.context(), "elb", "DescribeTargetGroups", {
      TargetGroupArns: [arn as string],
    });
    expect(described.TargetGroups).toMatchObject([
      {
        TargetType: "ip",
        HealthCheckPath: "/healthz",
        HealthCheckIntervalSeconds: 5,
        HealthyThresholdCount: 2,
        UnhealthyThresholdCount: 2,
        Matcher: { HttpCode: "200-399" },
      },
    ]);
    expect(described.TargetGroups?.[0]?.LoadBalancerArns).toHaveLength(1);
    const { Attributes } = await clients.send(bench.context(), "elb", "DescribeTargetGroupAttributes", {
      TargetGroupArn: arn as string,
    });
    expect(Attributes).toContainEqual({ Key: "deregistration_delay.timeout_seconds", Value: "30" });
  });

  it("hosts come and go as one resource; what another app has is left alone", async () => {
    const both: Route[] = [
      { host: "example.org", process: "web" },
      { host: "www.example.org", redirect: "example.org" },
    ];
    await bench.apply(graph(bench, both));
    await settled(bench, graph(bench, both));
    const blog = bench.other("blog");
    await blog.apply(graph(blog, [{ host: "blog.example.org", process: "web" }]));
    expect(await rulesOn(80)).toEqual(["blog.example.org", "example.org", "www.example.org"]);
    const one = graph(bench, both.slice(0, 1));
    expect((await bench.plan(one)).plan.changes).toMatchObject([
      { action: "update", fields: [{ path: "http.www.example.org" }] },
    ]);
    await bench.apply(one);
    expect(await rulesOn(80)).toEqual(["blog.example.org", "example.org"]);
    const stolen = await blog.plan(graph(blog, [{ host: "example.org", process: "web" }]));
    expect(stolen.plan.blocks).toMatchObject([
      { code: "plan.foreign", message: expect.stringContaining("belongs to shop-production") },
    ]);
  });

  it("HTTP answers before the certificate; once it is issued, HTTPS does and HTTP redirects", async () => {
    const routes: Route[] = [{ host: "example.org", process: "web" }];
    await bench.apply(graph(bench, routes));
    await bench.apply(graph(bench, routes, true));
    await settled(bench, graph(bench, routes, true));
    const state = await balancerStateNow(bench.parts, bench.context(), bench.scope);
    expect(listenerOn(state, 443)).toMatchObject({
      certificates: [expect.stringContaining(":certificate/")],
      rules: [{ hosts: ["example.org"], action: { Type: "forward" } }],
    });
    expect(listenerOn(state, 80)?.rules.find(({ hosts }) => hosts.includes("example.org"))).toMatchObject({
      action: {
        Type: "redirect",
        RedirectConfig: { Protocol: "HTTPS", Port: "443", StatusCode: "HTTP_301" },
      },
    });
    await bench.parts.clients.send(bench.context(), "elb", "ModifyListener", {
      ListenerArn: listenerOn(state, 443)!.arn,
      SslPolicy: "ELBSecurityPolicy-2016-08",
    });
    expect((await bench.plan(graph(bench, routes, true))).plan.changes).toMatchObject([
      { action: "update", fields: [{ path: "sslPolicy" }] },
    ]);
    await bench.apply(graph(bench, routes, true));
    await settled(bench, graph(bench, routes, true));
    // Without a certificate again: nothing of HTTPS stays.
    await bench.apply(graph(bench, routes));
    await settled(bench, graph(bench, routes));
    expect(await rulesOn(443)).toEqual([]);
  });

  it("other hosts are another certificate, which takes the place of the first one", async () => {
    const one: Route[] = [{ host: "example.org", process: "web" }];
    const two: Route[] = [...one, { host: "*.example.org", process: "web" }];
    await bench.apply(graph(bench, one, true));
    await bench.apply(graph(bench, two, true));
    await settled(bench, graph(bench, two, true));
    const wanted = new Set(graph(bench, two, true).map(({ id }) => id));
    const old = (await owned(bench)).filter(
      ({ element, id }) => element === "certificates" && !wanted.has(id),
    );
    expect(old).toHaveLength(1);
    await removeInOrder(bench.context(), old);
    const state = await balancerStateNow(bench.parts, bench.context(), bench.scope);
    expect(listenerOn(state, 443)?.certificates).toHaveLength(1);
    await settled(bench, graph(bench, two, true));
  });

  it("a change by hand of each kind shows in the plan and is put right", async () => {
    const routes: Route[] = [{ host: "example.org", process: "web" }];
    const resources = graph(bench, routes);
    await bench.apply(resources);
    const { clients } = bench.parts;
    const now = bench.context();
    const state = await balancerStateNow(bench.parts, now, bench.scope);
    const groups = await clients.send(now, "elb", "DescribeTargetGroups", {});
    const TargetGroupArn = groups.TargetGroups?.[0]?.TargetGroupArn;
    const rule = listenerOn(state, 80)!.rules.find(({ hosts }) => hosts.includes("example.org"))!;
    await clients.send(now, "elb", "ModifyTargetGroup", { TargetGroupArn, HealthCheckIntervalSeconds: 30 });
    await clients.send(now, "elb", "ModifyTargetGroupAttributes", {
      TargetGroupArn,
      Attributes: [{ Key: "deregistration_delay.timeout_seconds", Value: "300" }],
    });
    await clients.send(now, "elb", "ModifyLoadBalancerAttributes", {
      LoadBalancerArn: state!.arn,
      Attributes: [{ Key: "idle_timeout.timeout_seconds", Value: "10" }],
    });
    await clients.send(now, "elb", "ModifyListener", {
      ListenerArn: listenerOn(state, 80)!.arn,
      DefaultActions: [{ Type: "fixed-response", FixedResponseConfig: { StatusCode: "503" } }],
    });
    await clients.send(now, "elb", "ModifyRule", {
      RuleArn: rule.arn,
      Actions: [{ Type: "fixed-response", FixedResponseConfig: { StatusCode: "503" } }],
    });
    const { plan } = await bench.plan(resources);
    const fields = plan.changes.flatMap(({ fields }) => fields.map(({ path }) => path)).sort();
    expect(fields).toEqual(["default", "drainSeconds", "healthInterval", "http.example.org", "idleSeconds"]);
    await bench.apply(resources);
    await settled(bench, resources);
  });

  it("a plan is one wave of reads, three calls deep", async () => {
    const resources = graph(bench, [{ host: "example.org", process: "web" }], true);
    await bench.apply(resources);
    bench.calls.length = 0;
    await settled(bench, graph(bench, [{ host: "example.org", process: "web" }], true));
    expect(bench.calls.filter((name) => name === "DescribeLoadBalancers")).toHaveLength(1);
    expect(bench.calls.filter((name) => name === "DescribeListeners")).toHaveLength(1);
    expect(bench.calls.every((name) => /^(?:Describe|List)/.test(name))).toBe(true);
  });

  it("priorities and ports that another run takes at the same moment are taken once", async () => {
    const blog = bench.other("blog");
    const wiki = bench.other("wiki");
    await bench.apply(graph(bench, []));
    const inUse = { error: "PriorityInUseException", message: "taken" };
    vendor().proxy.script({ on: "elasticloadbalancing:CreateRule", times: 2, tell: inUse });
    vendor().proxy.script({
      on: "elasticloadbalancing:CreateListener",
      times: 1,
      tell: { error: "DuplicateListenerException", message: "there already" },
    });
    await blog.apply(graph(blog, [{ host: "blog.example.org", process: "web" }]));
    await settled(blog, graph(blog, [{ host: "blog.example.org", process: "web" }]));
    await wiki.apply(graph(wiki, []));
    expect(new Set([await url(bench), await url(blog), await url(wiki)]).size).toBe(3);
  });

  it("a load balancer of our name that is not ours blocks the plan, and is taken over by word", async () => {
    const { clients, settings } = bench.parts;
    const Name = loadBalancerName(settings, bench.scope);
    await clients.send(bench.context(), "elb", "CreateLoadBalancer", {
      Name,
      Subnets: [...ground.subnetIds],
      SecurityGroups: [ground.groupId],
    });
    const resources = graph(bench, []);
    const { plan } = await bench.plan(resources);
    expect(plan.blocks).toMatchObject([{ code: "plan.foreign", message: expect.stringContaining(Name) }]);
    const adopt = plan.blocks.map(({ id }) => id);
    await bench.apply(resources, { adopt });
    await settled(bench, graph(bench, []));
  });

  it("down takes what is the app's, and the load balancer with the last one", async () => {
    const blog = bench.other("blog");
    const routes: Route[] = [{ host: "example.org", process: "web" }];
    const { clients } = bench.parts;
    const join = (app: string) =>
      clients.send(bench.context(), "ssm", "PutParameter", {
        Name: `/deploy-groups/production/${app}/production`,
        Type: "String",
        Value: "x",
      });
    await join("shop");
    await join("blog");
    await bench.apply(graph(bench, routes, true));
    await blog.apply(graph(blog, [{ host: "blog.example.org", process: "web" }], true));
    const first = await owned(bench);
    expect(first.filter(({ shared }) => shared)).toHaveLength(2);
    const ids = new Set(first.map(({ id }) => id));
    const made = graph(bench, routes, true).filter(({ create }) => create !== undefined);
    expect(made.filter(({ id }) => !ids.has(id)).map(({ id }) => id)).toEqual([]);
    await removeInOrder(bench.context(), first);
    expect((await owned(bench)).filter(({ shared }) => !shared)).toEqual([]);
    await settled(blog, graph(blog, [{ host: "blog.example.org", process: "web" }], true));

    await clients.send(bench.context(), "ssm", "DeleteParameter", {
      Name: "/deploy-groups/production/shop/production",
    });
    const last = await owned(blog);
    expect(last.some(({ shared }) => shared)).toBe(false);
    await removeInOrder(blog.context(), last);
    for (const one of last) await one.remove(blog.context());
    expect(await owned(blog)).toEqual([]);
    const left = await clients.send(bench.context(), "elb", "DescribeLoadBalancers", {});
    const groups = await clients.send(bench.context(), "elb", "DescribeTargetGroups", {});
    expect([...(left.LoadBalancers ?? []), ...(groups.TargetGroups ?? [])]).toEqual([]);
  });

  it("a quota is told as one", async () => {
    vendor().proxy.script({
      on: "elasticloadbalancing:CreateLoadBalancer",
      tell: { error: "TooManyLoadBalancersException", message: "The maximum number is 50" },
    });
    await expect(bench.apply(graph(bench, []))).rejects.toMatchObject({
      code: "elb.quota-reached",
      hint: expect.stringContaining("servicequotas"),
    });
  });

  it("says why a target gets no requests", async () => {
    const web = webProcess();
    const attachment = attachmentOf(bench.parts, bench.scope, web, [web], "web");
    const applied = await bench.apply(attachment.before);
    const health = (Reason: string, Description: string) => ({
      Target: { Id: "172.31.0.9", Port: 8080 },
      TargetHealth: { State: "unhealthy", Reason, Description },
    });
    vendor().proxy.script({
      on: "elasticloadbalancing:DescribeTargetHealth",
      tell: {
        answer: {
          TargetHealthDescriptions: [
            health("Target.ResponseCodeMismatch", "Health checks failed with these codes: [400]"),
            health("Target.Timeout", "Request timed out"),
            { Target: { Id: "172.31.0.8", Port: 8080 }, TargetHealth: { State: "healthy" } },
            {
              Target: { Id: "172.31.0.7", Port: 8080 },
              TargetHealth: { State: "initial", Reason: "Elb.InitialHealthChecking" },
            },
          ],
        },
      },
    });
    const arn = applied.resolve(attachment.targetGroupArn!) as string;
    expect(await targetProblems(bench.parts, bench.context(), arn)).toMatchObject([
      { target: "172.31.0.9:8080", message: "GET /healthz answers 400, and 200-399 is expected" },
      { reason: "Target.Timeout", hint: expect.stringContaining("0.0.0.0:$PORT") },
    ]);
  });
});
