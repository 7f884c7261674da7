import { CreateSubnetCommand, CreateVpcCommand, EC2Client } from "@aws-sdk/client-ec2";
import {
  CreateClusterCommand,
  DeleteClusterCommand,
  DeleteServiceCommand,
  ECSClient,
} from "@aws-sdk/client-ecs";
import { PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { beforeAll, describe, expect, it } from "vitest";
import { exitCodeOf } from "../../cli/src/exit-codes.js";
import { serviceName } from "../src/containers/describe.js";
import { instance } from "../src/index.js";
import { has } from "./support/needs.js";
import type { Script } from "./support/scripts.js";
import { changesAmong, errorOf, type SmallApp, smallDeployer } from "./support/small-app.js";
import { useVendor } from "./support/use-vendor.js";

/*
 * What a user or an account can have wrong: one clear error each, before anything is changed where that is possible. What
 * is shown beside its element is named in docs/testing-ecs.md.
 */

describe.skipIf(!(await has("python")))("up refuses", () => {
  const vendor = useVendor({ moto: { servicesRunning: 1, certificateWait: 0 } });
  const up = (more: Partial<SmallApp> = {}) => smallDeployer({ env: vendor().env, ...more }).up();
  const client = () => ({
    region: "us-east-1",
    endpoint: vendor().emulator.url.href,
    credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
  });
  const nothingChanged = (): void => expect(changesAmong(vendor().proxy.calls)).toEqual([]);

  it("without credentials, and asks nobody (exit code 4)", async () => {
    const { AWS_ACCESS_KEY_ID: _id, AWS_SECRET_ACCESS_KEY: _key, ...rest } = vendor().env;
    const env = { ...rest, HOME: "/nowhere", AWS_SHARED_CREDENTIALS_FILE: "/nowhere/credentials" };
    const error = await errorOf(up({ env }));
    expect(error.code).toBe("credentials.missing");
    expect(exitCodeOf(error.code)).toBe(4);
    expect(error.hint).toContain("AWS_PROFILE");
    expect(vendor().proxy.calls).toEqual([]);
  });

  it.each<readonly [string, string, code: string, hint: RegExp]>([
    ["expired credentials", "ExpiredTokenException", "credentials.expired", /Sign in again/],
    ["keys that AWS does not know", "InvalidClientTokenId", "credentials.refused", /AWS_PROFILE/],
    [
      "keys in a region that the account has not enabled",
      "UnrecognizedClientException",
      "credentials.refused",
      /enabled the region us-east-1/,
    ],
  ])("with %s (exit code 4)", async (_name, error, code, hint) => {
    vendor().proxy.script(
      ...["sts:GetCallerIdentity", "ssm:PutParameter", "ecs:DescribeClusters"].map(
        (on): Script => ({
          on,
          tell: { error, message: "The security token included in the request is not valid", status: 403 },
        }),
      ),
    );
    const refused = await errorOf(up());
    expect(refused.code).toBe(code);
    expect(exitCodeOf(refused.code)).toBe(4);
    expect(refused.hint).toMatch(hint);
    nothingChanged();
  });

  it("in another account than the one that is named (exit code 4)", async () => {
    const error = await errorOf(up({ options: { account: "999999999999" } }));
    expect(error.code).toBe("account.mismatch");
    expect(exitCodeOf(error.code)).toBe(4);
    expect(error.message).toContain("999999999999");
    expect(error.hint).toContain("Nothing was touched");
    nothingChanged();
  });

  it("what is no region", async () => {
    expect(() => smallDeployer({ env: vendor().env, options: { region: "Frankfurt" } })).toThrow(
      expect.objectContaining({ code: "config.bad-option" }),
    );
  });

  it("without the right to look: which action on which resource", async () => {
    vendor().proxy.script({
      on: "ecs:DescribeServices",
      tell: {
        error: "AccessDeniedException",
        message:
          "User: arn:aws:iam::123456789012:user/ada is not authorized to perform: ecs:DescribeServices on resource: arn:aws:ecs:us-east-1:123456789012:service/deploy-production/x because no identity-based policy allows the ecs:DescribeServices action",
      },
    });
    const error = await errorOf(up());
    expect(error.code).toBe("ecs.forbidden");
    expect(exitCodeOf(error.code)).toBe(4);
    expect(error.message).toContain("user/ada may not do ecs:DescribeServices on arn:aws:ecs:");
    expect(error.hint).toContain("deploy doctor");
    nothingChanged();
  });

  it("a secret that has no value", async () => {
    const error = await errorOf(up({ app: { secrets: ["STRIPE_KEY"] } }));
    expect(JSON.stringify(error.toJSON())).toContain("STRIPE_KEY");
    expect(JSON.stringify(error.toJSON())).toContain("deploy secrets set");
    expect(exitCodeOf(error.code)).toBe(1);
    nothingChanged();
  });

  it("names that are too long", async () => {
    expect(() => smallDeployer({ env: vendor().env, name: "a".repeat(200) })).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^(?:app|config)\./) }),
    );
    const host = `${"a".repeat(60)}.${"b".repeat(60)}.${"c".repeat(60)}.example.org`;
    const error = await errorOf(up({ environment: { domains: { [host]: "web" } } }));
    expect(error.message).toContain(host);
    nothingChanged();
  });

  it("while somebody else holds the lock, and says who", async () => {
    const Name = "/deploy-locks/shop/production";
    const lock = {
      token: "theirs",
      name: "maria on elsewhere, process 1",
      since: "2026-11-22T12:00:00Z",
      operation: "up",
    };
    const ssm = new SSMClient(client());
    await ssm.send(new PutParameterCommand({ Name, Type: "String", Value: JSON.stringify(lock) }));
    const error = await errorOf(up());
    expect(error.code).toBe("lease.held");
    expect(exitCodeOf(error.code)).toBe(1);
    expect(error.message).toContain("maria on elsewhere");
    nothingChanged();
    await vendor().reset();
  });

  it("a VPC without public subnets", async () => {
    const ec2 = new EC2Client(client());
    const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.7.0.0/16" }));
    const vpc = Vpc?.VpcId ?? "";
    await ec2.send(new CreateSubnetCommand({ VpcId: vpc, CidrBlock: "10.7.1.0/24" }));
    const error = await errorOf(up({ options: { network: { vpc } } }));
    expect(error.code).toBe("servers.no-public-subnet");
    expect(error.message).toContain(vpc);
    expect(error.hint).toContain("network.publicAddresses");
    nothingChanged();
    const unknown = await errorOf(up({ options: { network: { vpc: "vpc-0123456789abcdef0" } } }));
    expect(unknown.code).toBe("servers.unknown-vpc");
    nothingChanged();
  });

  it("what has our name and is not ours, until it is adopted by word", async () => {
    await new ECSClient(client()).send(new CreateClusterCommand({ clusterName: "deploy-production" }));
    const error = await errorOf(up());
    const said = JSON.stringify(error.toJSON());
    expect(said).toContain("deploy-production");
    expect(said).toMatch(/adopt/);
    nothingChanged();
    const id = "ecs/servers/us-east-1/group:production/cluster/deploy-production";
    await smallDeployer({ env: vendor().env }).up({ adopt: [id] });
    expect(vendor().proxy.names).not.toContain("ecs:CreateCluster");
    await vendor().reset();
  }, 60_000);

  it.each<readonly [string, Script, Partial<SmallApp>, RegExp]>([
    [
      "a quota of addresses that is reached",
      {
        on: "ec2:AllocateAddress",
        tell: { error: "AddressLimitExceeded", message: "The maximum number of addresses has been reached." },
      },
      { options: { capacity: instance() } },
      /ec2\.quota-reached/,
    ],
    [
      "a quota of load balancers that is reached",
      {
        on: "elasticloadbalancing:CreateLoadBalancer",
        tell: {
          error: "TooManyLoadBalancersException",
          message: "The maximum number of load balancers has been reached.",
        },
      },
      {},
      /elb\.quota-reached/,
    ],
  ])(
    "%s (exit code 1)",
    async (_name, script, more, code) => {
      vendor().proxy.script(script);
      const error = await errorOf(up(more));
      expect(error.code).toMatch(code);
      expect(exitCodeOf(error.code)).toBe(1);
      expect(error.message).toMatch(/quota of the account is reached in us-east-1/);
      expect(error.hint).toContain("servicequotas");
      await vendor().reset();
    },
    60_000,
  );

  it("a right that is missing for a change: which action on which resource (exit code 4)", async () => {
    vendor().proxy.script({
      on: "ecs:CreateCluster",
      tell: {
        error: "AccessDeniedException",
        message:
          "User: arn:aws:iam::123456789012:user/ada is not authorized to perform: ecs:CreateCluster on resource: arn:aws:ecs:us-east-1:123456789012:cluster/deploy-production because no identity-based policy allows the ecs:CreateCluster action",
      },
    });
    const error = await errorOf(up());
    expect(error.code).toBe("ecs.forbidden");
    expect(error.message).toContain(
      "may not do ecs:CreateCluster on arn:aws:ecs:us-east-1:123456789012:cluster/deploy-production",
    );
    vendor().proxy.reset();
    await up();
    expect((await smallDeployer({ env: vendor().env }).plan()).changes).toEqual([]);
    await vendor().reset();
  }, 60_000);

  describe("nothing, and puts it right,", () => {
    beforeAll(() => vendor().reset());

    it("when the cluster was deleted, which ECS goes on describing as INACTIVE", async () => {
      const ecs = new ECSClient(client());
      await ecs.send(new CreateClusterCommand({ clusterName: "deploy-production" }));
      await ecs.send(new DeleteClusterCommand({ cluster: "deploy-production" }));
      await up();
      expect(vendor().proxy.names).toContain("ecs:CreateCluster");
      expect((await smallDeployer({ env: vendor().env }).plan()).changes).toEqual([]);
    }, 60_000);

    it("when a service of the same name is still draining: it waits until the name is free", async () => {
      const name = serviceName({ app: "shop", environment: "production" }, "web");
      await new ECSClient(client()).send(
        new DeleteServiceCommand({ cluster: "deploy-production", service: name, force: true }),
      );
      const looks = 5;
      const described = { serviceName: name, status: "DRAINING", desiredCount: 0, deployments: [] };
      vendor().proxy.script({
        on: "ecs:DescribeServices",
        times: looks,
        tell: { answer: { services: [described], failures: [] } },
      });
      await up();
      const { names } = vendor().proxy;
      const before = names.slice(0, names.indexOf("ecs:CreateService"));
      expect(before.filter((one) => one === "ecs:DescribeServices").length).toBeGreaterThan(looks);
      expect((await smallDeployer({ env: vendor().env }).plan()).changes).toEqual([]);
    }, 60_000);

    it("when nobody manages the domain's zone: it says which records to make", async () => {
      const operation = up({ environment: { domains: { "shop.example.org": "web" } } });
      const notes: string[] = [];
      for await (const event of operation) if (event.type === "note") notes.push(event.message);
      await operation;
      const records = notes.filter((note) => note.startsWith("Make the record"));
      expect(records.some((note) => note.includes("shop.example.org CNAME"))).toBe(true);
      expect(notes.join("\n")).toContain("make each validation record by hand when it is shown");
    }, 60_000);
  });
});
