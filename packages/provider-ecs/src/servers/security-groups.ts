import {
  type Context,
  DeployError,
  type FieldChange,
  type Foreign,
  type In,
  type Resource,
  type Scope,
  UNKNOWN,
} from "@deploy/core";
import type { Clients } from "../clients.js";
import { isAwsError } from "../errors.js";
import type { Settings } from "../options.js";
import { alone, ecsResource, madeByUs, notToBeSeen, readOnce } from "../resources.js";
import { ifOurs, readTags, type Tags, upperTags } from "../tags.js";
import { eventually } from "./eventually.js";
import type { SecurityGroupObserved } from "./foundation.js";

/** One thing that may come in: `from` is a range of addresses or the id of a security group. */
export interface IngressRule {
  readonly protocol: "tcp" | "udp";
  /** `443` or `32768-65535`. */
  readonly ports: string;
  readonly from: In<string>;
}

/** What a security group should be. */
export interface SecurityGroupSpec {
  readonly id: string;
  readonly label: string;
  /** Unique in its VPC; it cannot be changed. */
  readonly name: string;
  readonly description: string;
  readonly owner: "app" | "group";
  readonly tags: Tags;
  readonly vpcId: In<string>;
  readonly ingress: readonly IngressRule[];
  /** Names of all groups that a plan of this scope reads: they are asked for in one call. */
  readonly together: readonly string[];
}

interface Desired {
  readonly vpcId: string;
  readonly ingress: readonly { readonly protocol: string; readonly ports: string; readonly from: string }[];
}

interface IpPermission {
  readonly IpProtocol: string;
  readonly FromPort?: number;
  readonly ToPort?: number;
  UserIdGroupPairs?: { GroupId: string }[];
  PrefixListIds?: { PrefixListId: string }[];
  Ipv6Ranges?: { CidrIpv6: string }[];
  IpRanges?: { CidrIp: string }[];
}

/** In place of a group's own id, in a rule for what comes from the group itself. */
export const itself = "itself";

/** A security group with exactly these rules: what was added by hand is drift. */
export function securityGroup(
  clients: Clients,
  settings: Settings,
  scope: Scope,
  spec: SecurityGroupSpec,
): Resource<Desired, SecurityGroupObserved> {
  const read = (
    context: Context,
  ): Promise<SecurityGroupObserved | Foreign<SecurityGroupObserved> | undefined> =>
    readGroup(clients, settings, scope, spec, context);
  const readMade = async (context: Context): Promise<SecurityGroupObserved> => {
    const found = await read(alone(context));
    return madeByUs(found, `the security group ${spec.name}`);
  };
  return ecsResource<Desired, SecurityGroupObserved>("servers", {
    id: spec.id,
    label: spec.label,
    desired: { vpcId: spec.vpcId, ingress: spec.ingress },
    read,
    diff: (desired, observed) => differences(desired, observed),
    create: async (context, desired) => {
      const made = await clients
        .send(
          context,
          "ec2",
          "CreateSecurityGroup",
          {
            GroupName: spec.name,
            Description: spec.description,
            VpcId: desired.vpcId,
            TagSpecifications: [
              { ResourceType: "security-group", Tags: upperTags({ ...spec.tags, Name: spec.name }) },
            ],
          },
          { repeatable: true },
        )
        .catch((error: unknown) => {
          // A run that was cut off has made it already.
          if (isAwsError(error, "InvalidGroup.Duplicate")) return undefined;
          throw error;
        });
      const observed: SecurityGroupObserved =
        made?.GroupId === undefined
          ? await readMade(context)
          : { groupId: made.GroupId, vpcId: desired.vpcId, ingress: [] };
      await changeRules(clients, context, desired, observed);
      return { ...observed, ingress: ruleTexts(desired.ingress, observed.groupId) };
    },
    update: async (context, desired, observed) => {
      if (desired.vpcId !== observed.vpcId) throw inOtherVpc(spec.name, observed.vpcId, desired.vpcId);
      await changeRules(clients, context, desired, observed);
      return { ...observed, ingress: ruleTexts(desired.ingress, observed.groupId) };
    },
    adopt: async (context) => {
      const found = await read(alone(context));
      const observed = found !== undefined && "foreign" in found ? found.observed : found;
      if (observed === undefined) throw notToBeSeen(`the security group ${spec.name}`);
      await clients.send(context, "ec2", "CreateTags", {
        Resources: [observed.groupId],
        Tags: upperTags(spec.tags),
      });
      return observed;
    },
  });
}

function inOtherVpc(name: string, from: string, to: string): DeployError {
  return new DeployError({
    code: "servers.other-vpc",
    message: `The security group ${name} is in ${from}, and a security group cannot move to ${to}.`,
    hint: `Go on in ${from} (network: { vpc: "${from}" }), or remove the environment first.`,
  });
}

async function readGroup(
  clients: Clients,
  settings: Settings,
  scope: Scope,
  spec: SecurityGroupSpec,
  context: Context,
): Promise<SecurityGroupObserved | Foreign<SecurityGroupObserved> | undefined> {
  const names = [...new Set(spec.together)].sort();
  const groups = await readOnce(settings, context, `security groups ${names.join(" ")}`, () =>
    clients.all(
      context,
      "ec2",
      "DescribeSecurityGroups",
      { Filters: [{ Name: "group-name", Values: names }] },
      (page) => page.SecurityGroups,
    ),
  );
  const group = groups.find((one) => one.GroupName === spec.name);
  if (group === undefined) return undefined;
  const observed: SecurityGroupObserved = {
    groupId: group.GroupId ?? "",
    vpcId: group.VpcId ?? "",
    ingress: (group.IpPermissions ?? [])
      .flatMap((rule) => {
        const ports = rule.FromPort === rule.ToPort ? `${rule.FromPort}` : `${rule.FromPort}-${rule.ToPort}`;
        const what = rule.IpProtocol === "-1" ? "all" : `${rule.IpProtocol} ${ports}`;
        return [
          ...(rule.IpRanges ?? []).map((range) => `${what} ${range.CidrIp}`),
          ...(rule.Ipv6Ranges ?? []).map((range) => `${what} ${range.CidrIpv6}`),
          ...(rule.UserIdGroupPairs ?? []).map((pair) => `${what} ${pair.GroupId}`),
          ...(rule.PrefixListIds ?? []).map((list) => `${what} ${list.PrefixListId}`),
        ];
      })
      .sort(),
  };
  return ifOurs(
    spec.owner,
    settings,
    scope,
    readTags(group.Tags),
    `the security group ${spec.name}`,
    observed,
  );
}

function ruleTexts(rules: Desired["ingress"], groupId: string): string[] {
  return rules
    .map(({ protocol, ports, from }) => `${protocol} ${ports} ${from === itself ? groupId : from}`)
    .sort();
}

function differences(
  desired: Parameters<NonNullable<Resource<Desired, SecurityGroupObserved>["diff"]>>[0],
  observed: SecurityGroupObserved,
): readonly FieldChange[] {
  const changes: FieldChange[] = [];
  if (desired === UNKNOWN) return changes;
  const { vpcId, ingress } = desired;
  if (vpcId !== UNKNOWN && vpcId !== observed.vpcId)
    changes.push({ path: "vpcId", from: observed.vpcId, to: vpcId });
  const rules = ingress as Desired["ingress"];
  if (rules.some((rule) => (rule.from as unknown) === UNKNOWN)) {
    return [...changes, { path: "ingress", from: observed.ingress, unknown: true }];
  }
  const wanted = ruleTexts(rules, observed.groupId);
  if (wanted.join() !== [...observed.ingress].sort().join()) {
    changes.push({ path: "ingress", from: observed.ingress, to: wanted });
  }
  return changes;
}

/** Adds what is missing, then takes away what is too much: nobody who is meant to come in is shut out in between. */
async function changeRules(
  clients: Clients,
  context: Context,
  desired: Desired,
  observed: SecurityGroupObserved,
): Promise<void> {
  const wanted = ruleTexts(desired.ingress, observed.groupId);
  const missing = wanted.filter((rule) => !observed.ingress.includes(rule));
  const surplus = observed.ingress.filter((rule) => !wanted.includes(rule));
  const GroupId = observed.groupId;
  if (missing.length > 0) {
    await eventually(context, ["InvalidGroup.NotFound", "InvalidGroupId.NotFound"], () =>
      clients
        .send(
          context,
          "ec2",
          "AuthorizeSecurityGroupIngress",
          { GroupId, IpPermissions: missing.map(permission) },
          { repeatable: true },
        )
        .catch((error: unknown) => {
          if (!isAwsError(error, "InvalidPermission.Duplicate")) throw error;
        }),
    );
  }
  if (surplus.length > 0) {
    await clients
      .send(
        context,
        "ec2",
        "RevokeSecurityGroupIngress",
        { GroupId, IpPermissions: surplus.map(permission) },
        { repeatable: true },
      )
      .catch((error: unknown) => {
        if (!isAwsError(error, "InvalidPermission.NotFound")) throw error;
      });
  }
}

function permission(rule: string): IpPermission {
  const parts = rule.split(" ");
  const from = parts.at(-1)!;
  const [first = "0", last = first] = (parts[1] ?? "").split("-");
  const what =
    parts[0] === "all"
      ? { IpProtocol: "-1" }
      : { IpProtocol: parts[0] ?? "tcp", FromPort: Number(first), ToPort: Number(last) };
  if (from.startsWith("sg-")) return { ...what, UserIdGroupPairs: [{ GroupId: from }] };
  if (from.startsWith("pl-")) return { ...what, PrefixListIds: [{ PrefixListId: from }] };
  if (from.includes(":")) return { ...what, Ipv6Ranges: [{ CidrIpv6: from }] };
  return { ...what, IpRanges: [{ CidrIp: from }] };
}
