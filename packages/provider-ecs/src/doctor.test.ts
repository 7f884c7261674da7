import {
  AllocateAddressCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  EC2Client,
} from "@aws-sdk/client-ec2";
import type { DoctorFinding } from "@deploy/core";
import { describe, expect, it } from "vitest";
import { createElementBench } from "../test/support/element-bench.js";
import { has } from "../test/support/needs.js";
import { useVendor } from "../test/support/use-vendor.js";
import { examine } from "./doctor.js";
import { type EcsOptions, instance } from "./options.js";
import { appTags, tagKey, upperTags } from "./tags.js";

/** What a person reads about an account before anything is deployed to it. */
describe.skipIf(!(await has("python")))("doctor", () => {
  const vendor = useVendor({ moto: { certificateWait: 0 } });
  const bench = (options: Partial<EcsOptions> = {}) =>
    createElementBench({ url: vendor().proxy.url, options });
  const findings = async (options: Partial<EcsOptions> = {}): Promise<readonly DoctorFinding[]> => {
    const { parts, context, scope } = bench(options);
    return examine(parts, context(), scope);
  };
  const about = (found: readonly DoctorFinding[], subject: string): DoctorFinding | undefined =>
    found.find((one) => one.subject.startsWith(subject));
  const ec2 = () =>
    new EC2Client({
      region: "us-east-1",
      endpoint: vendor().emulator.url.href,
      credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
    });

  it("says what is there, what will be made, and which rights are needed; and changes nothing", async () => {
    const found = await findings({ account: "123456789012" });
    expect(found.filter(({ state }) => state !== "ok")).toEqual([]);
    expect(about(found, "network")?.message).toMatch(/^vpc-\w+: \d+ subnets for tasks, \d+ public ones/);
    expect(about(found, "cluster")?.message).toContain("made at the first deployment");
    const policy = about(found, 'smallest policy "deploy"');
    expect(JSON.parse(policy?.message ?? "")).toMatchObject({ Version: "2012-10-17" });
    expect(vendor().proxy.calls.filter(({ mutation }) => mutation)).toEqual([]);
  });

  it("warns where no account is declared", async () => {
    expect(about(await findings(), "source of the AWS credentials")).toMatchObject({
      state: "warning",
      hint: expect.stringContaining("account"),
    });
  });

  it("finds a VPC in which nothing could be reached", async () => {
    const { Vpc } = await ec2().send(new CreateVpcCommand({ CidrBlock: "10.9.0.0/16" }));
    const vpc = Vpc?.VpcId ?? "";
    await ec2().send(new CreateSubnetCommand({ VpcId: vpc, CidrBlock: "10.9.1.0/24" }));
    expect(about(await findings({ network: { vpc } }), "network")).toMatchObject({
      state: "failed",
      message: expect.stringContaining(vpc),
      hint: expect.stringContaining("network.publicAddresses"),
    });
  });

  it("says which right is missing on what, and goes on with the rest", async () => {
    const resource = "arn:aws:ecs:us-east-1:123456789012:cluster/deploy-production";
    vendor().proxy.script({
      on: "ecs:DescribeClusters",
      tell: {
        error: "AccessDeniedException",
        message: `User: arn:aws:iam::123456789012:user/ada is not authorized to perform: ecs:DescribeClusters on resource: ${resource} because no identity-based policy allows the ecs:DescribeClusters action`,
      },
    });
    const found = await findings();
    expect(about(found, "cluster")).toMatchObject({
      state: "failed",
      message: expect.stringContaining(`ecs:DescribeClusters on ${resource}`),
    });
    expect(about(found, "network")?.state).toBe("ok");
  });

  it("warns before the quota of addresses is reached, where one will be needed", async () => {
    for (let count = 0; count < 5; count += 1)
      await ec2().send(new AllocateAddressCommand({ Domain: "vpc" }));
    expect(about(await findings({ capacity: instance() }), "addresses")).toMatchObject({
      state: "warning",
      message: expect.stringContaining("5 Elastic IPs"),
      hint: expect.stringContaining("servicequotas"),
    });
    expect(about(await findings(), "addresses")).toBeUndefined();
  });

  it("tells of a certificate that ends soon and is not renewed", async () => {
    const { parts, scope } = bench();
    const arn = "arn:aws:acm:us-east-1:123456789012:certificate/0e2b5f6c-0000-4000-8000-000000000000";
    const soon = Date.now() / 1000 + 10 * 86_400;
    vendor().proxy.script(
      {
        on: "acm:ListCertificates",
        tell: { answer: { CertificateSummaryList: [{ CertificateArn: arn, DomainName: "example.org" }] } },
      },
      {
        on: "acm:ListTagsForCertificate",
        tell: { answer: { Tags: upperTags(appTags(parts.settings, scope, { [tagKey.hash]: "0123" })) } },
      },
      {
        on: "acm:DescribeCertificate",
        tell: {
          answer: {
            Certificate: {
              CertificateArn: arn,
              DomainName: "example.org",
              Status: "ISSUED",
              NotAfter: soon,
              DomainValidationOptions: [{ DomainName: "example.org", ValidationStatus: "SUCCESS" }],
            },
          },
        },
      },
    );
    expect(about(await findings(), "certificate of example.org")).toMatchObject({
      state: "warning",
      message: expect.stringMatching(/ends in (?:9|10) days/),
    });
  });
});
