import { readdir, readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { ec2, fargate } from "../options.js";
import { deployerPolicies } from "./deployer-policy.js";

/** How a service's actions are called in a policy, where it differs from how it is called here. */
const prefixes: Readonly<Record<string, string>> = {
  applicationAutoscaling: "application-autoscaling",
  elb: "elasticloadbalancing",
  secretsManager: "secretsmanager",
  serviceDiscovery: "servicediscovery",
};
/** Actions of S3 that go by another right ("Actions defined by Amazon S3"). */
const s3: Readonly<Record<string, string>> = {
  ListObjectsV2: "ListBucket",
  HeadBucket: "ListBucket",
  HeadObject: "GetObject",
  DeleteObjects: "DeleteObject",
};

/** Rights that AWS asks for besides the call itself, or that others use with our credentials. */
const neededWithoutCall: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [
      "acm:AddTagsToCertificate",
      "application-autoscaling:TagResource",
      "autoscaling:CreateOrUpdateTags",
      "elasticache:AddTagsToResource",
      "iam:TagInstanceProfile",
      "rds:AddTagsToResource",
      "scheduler:TagResource",
      "secretsmanager:TagResource",
      "servicediscovery:TagResource",
    ].map((action) => [action, "for the tags that a thing is made with"]),
  ),
  ...Object.fromEntries(
    [
      "ecr:BatchCheckLayerAvailability",
      "ecr:BatchGetImage",
      "ecr:CompleteLayerUpload",
      "ecr:GetDownloadUrlForLayer",
      "ecr:InitiateLayerUpload",
      "ecr:PutImage",
      "ecr:UploadLayerPart",
    ].map((action) => [action, "the registry's own protocol, which docker and we speak with ECR's token"]),
  ),
  "iam:PassRole": "for the roles that tasks, instances and schedules get",
  "ssm:GetParameters": "RunInstances looks up the machine image with the caller's rights",
};

async function callsInSources(): Promise<readonly string[]> {
  const root = new URL("..", import.meta.url);
  const files = (await readdir(root, { recursive: true })).filter(
    (file) => file.endsWith(".ts") && !file.endsWith(".test.ts"),
  );
  const calls = new Set<string>();
  const services = (await readdir(new URL("../clients", import.meta.url))).join(" ");
  expect(services).toContain("ecs.ts");
  for (const file of files) {
    const text = await readFile(new URL(file, root), "utf8");
    for (const [, service = "", action = ""] of text.matchAll(
      /"(acm|applicationAutoscaling|autoscaling|ec2|ecr|ecs|elasticache|elb|iam|logs|rds|s3|scheduler|secretsManager|serviceDiscovery|ssm)",\s*"([A-Z]\w+)"/g,
    )) {
      calls.add(`${prefixes[service] ?? service}:${service === "s3" ? (s3[action] ?? action) : action}`);
    }
  }
  return [...calls].sort();
}

describe("the deployer's policies", () => {
  const policies = deployerPolicies({ region: "eu-west-1", capacity: ec2() });

  it("allow every call that this package makes", async () => {
    const allowed = policies.flatMap(({ document }) => document.Statement.flatMap(({ Action }) => Action));
    const covers = (call: string): boolean =>
      allowed.some((one) => (one.endsWith("*") ? call.startsWith(one.slice(0, -1)) : one === call));
    const calls = await callsInSources();
    expect(calls.length).toBeGreaterThan(100);
    expect(calls.filter((call) => !covers(call))).toEqual([]);
  });

  it("allow nothing that nobody does", async () => {
    const calls = await callsInSources();
    const used = (action: string): boolean =>
      action.endsWith("*")
        ? calls.some((call) => call.startsWith(action.slice(0, -1)))
        : calls.includes(action);
    const allowed = policies.flatMap(({ document }) => document.Statement.flatMap(({ Action }) => Action));
    const unused = allowed.filter((action) => !used(action) && !(action in neededWithoutCall));
    expect(unused).toEqual([]);
    expect(Object.keys(neededWithoutCall).filter((action) => !allowed.includes(action))).toEqual([]);
  });

  it("take away only what bears our tag, where AWS knows that condition", () => {
    const tagged = policies.flatMap(({ document }) =>
      document.Statement.filter(({ Condition }) => Condition?.Null !== undefined),
    );
    const actions = tagged.flatMap(({ Action }) => Action);
    for (const action of ["ec2:TerminateInstances", "ecs:DeleteService", "rds:DeleteDBInstance"])
      expect(actions).toContain(action);
    const others = policies
      .flatMap(({ document }) => document.Statement.filter((one) => !tagged.includes(one)))
      .flatMap(({ Action }) => Action);
    expect(others.filter((action) => actions.includes(action))).toEqual([]);
    for (const { Condition } of tagged)
      expect(Condition?.Null).toEqual({ "aws:ResourceTag/deploy:group": "false" });
  });

  it("fit into a managed policy each", () => {
    for (const { name, document } of policies) {
      expect([name, JSON.stringify(document).length < 6_144]).toEqual([name, true]);
    }
  });

  it("pass roles to three services only, and touch no instance where there are none", () => {
    const fargatePolicies = deployerPolicies({ region: "eu-west-1", capacity: fargate() });
    expect(JSON.stringify(fargatePolicies)).not.toContain("RunInstances");
    const passing = policies.flatMap(({ document }) =>
      document.Statement.filter(({ Action }) => Action.includes("iam:PassRole")),
    );
    expect(passing.map(({ Condition }) => Condition !== undefined)).toEqual([true]);
  });
});
