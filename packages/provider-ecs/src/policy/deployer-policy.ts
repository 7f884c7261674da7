import type { Settings } from "../options.js";
import { partitionOf } from "../servers/role-policies.js";
import type { PolicyDocument } from "../servers/roles.js";
import { tagKey } from "../tags.js";
import { deployerGrants, type Grants } from "./deployer-grants.js";

type Statement = PolicyDocument["Statement"][number];

/** A policy of the deployer, to be attached as it is. */
export interface DeployerPolicy {
  readonly name: "deploy" | "deploy-machines" | "deploy-addons" | "deploy-access";
  /** When it is needed. */
  readonly when: string;
  readonly document: PolicyDocument;
}

/**
 * The smallest policies that a deployer needs with these settings, each below the 6,144 characters of a managed policy
 * (IAM quotas). Those for add-ons and access are needed only by whoever uses them.
 */
export function deployerPolicies(settings: Pick<Settings, "region" | "capacity">): readonly DeployerPolicy[] {
  const { region, capacity } = settings;
  return [
    {
      name: "deploy",
      when: "always",
      document: documentOf(region, deployerGrants.common, [passRole(region)]),
    },
    ...(capacity.kind === "fargate"
      ? []
      : [
          {
            name: "deploy-machines",
            when: `for ${capacity.kind}()`,
            document: documentOf(region, deployerGrants.machines, [machineImages(region)]),
          } as const,
        ]),
    { name: "deploy-addons", when: "for add-ons", document: documentOf(region, deployerGrants.addons, []) },
    {
      name: "deploy-access",
      when: "to give and take access",
      document: documentOf(region, deployerGrants.access, []),
    },
  ];
}

/** Services without regions, whose ARNs name none. */
const global: ReadonlySet<string> = new Set(["iam", "s3"]);

function documentOf(region: string, grants: Grants, more: readonly Statement[]): PolicyDocument {
  const anywhere: string[] = [];
  const inRegion: string[] = [];
  const tagged: string[] = [];
  const named: Statement[] = [];
  for (const [service, list] of Object.entries(grants)) {
    for (const { actions, resources, tagged: isTagged } of list) {
      const full = actions.map((action) => `${service}:${action}`);
      if (resources !== undefined) {
        const Resource = resources.flatMap((part) => arns(region, service, part.replace("{region}", region)));
        named.push({ Effect: "Allow", Action: full, Resource });
      } else (isTagged ? tagged : global.has(service) ? anywhere : inRegion).push(...full);
    }
  }
  return {
    Version: "2012-10-17",
    Statement: [
      ...(inRegion.length === 0
        ? []
        : [
            {
              Effect: "Allow",
              Action: inRegion,
              Resource: ["*"],
              Condition: { StringEquals: { "aws:RequestedRegion": region } },
            } as const,
          ]),
      ...(tagged.length === 0
        ? []
        : [
            {
              Effect: "Allow",
              Action: tagged,
              Resource: ["*"],
              Condition: {
                StringEquals: { "aws:RequestedRegion": region },
                // It is there, whatever its value: somebody else's things have none.
                Null: { [`aws:ResourceTag/${tagKey.group}`]: "false" },
              },
            } as const,
          ]),
      ...(anywhere.length === 0 ? [] : [{ Effect: "Allow", Action: anywhere, Resource: ["*"] } as const]),
      ...named,
      ...more,
    ],
  };
}

function arns(region: string, service: string, part: string): readonly string[] {
  const partition = partitionOf(region);
  if (service === "s3") return [`arn:${partition}:s3:::${part}`];
  return [`arn:${partition}:${service}:${global.has(service) ? "" : region}:*:${part}`];
}

/** The roles that we make may be handed to the services that take them, and to no other. */
function passRole(region: string): Statement {
  return {
    Effect: "Allow",
    Action: ["iam:PassRole"],
    Resource: arns(region, "iam", `role/*-${region}-*`),
    Condition: {
      StringEquals: {
        "iam:PassedToService": ["ecs-tasks.amazonaws.com", "ec2.amazonaws.com", "scheduler.amazonaws.com"],
      },
    },
  };
}

/** AWS's own parameters, which name the machine images, belong to no account. */
function machineImages(region: string): Statement {
  return {
    Effect: "Allow",
    Action: ["ssm:GetParameter", "ssm:GetParameters"],
    Resource: [`arn:${partitionOf(region)}:ssm:${region}::parameter/aws/service/ecs/optimized-ami/*`],
  };
}
