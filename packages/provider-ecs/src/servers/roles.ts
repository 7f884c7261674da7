import type { Context, Foreign, Resource, Scope } from "@deploy/core";
import type { Clients } from "../clients.js";
import { isAwsError, unlessGone } from "../errors.js";
import type { Settings } from "../options.js";
import { alone, ecsResource, madeByUs, notToBeSeen, readOnce } from "../resources.js";
import { ifOurs, readTags, type Tags, upperTags } from "../tags.js";
import type { RoleObserved } from "./foundation.js";

/** What a role of IAM should be. */
export interface RoleSpec {
  readonly id: string;
  readonly label: string;
  /** At most 64 characters; IAM is global, so the region is in it. */
  readonly name: string;
  readonly owner: "app" | "group";
  readonly tags: Tags;
  /** Which service may take it, such as `ecs-tasks.amazonaws.com`. */
  readonly service: string;
  /** Its own policy, inline. */
  readonly policy: PolicyDocument;
  /** ARNs of further policies. */
  readonly attached: readonly string[];
}

/** A policy of IAM, as data. */
export interface PolicyDocument {
  readonly Version: "2012-10-17";
  readonly Statement: readonly {
    readonly Sid?: string;
    readonly Effect: "Allow" | "Deny";
    readonly Action: readonly string[];
    readonly Resource: readonly string[];
    readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
  }[];
}

interface Desired {
  readonly trust: string;
  readonly policy: string;
  readonly attached: readonly string[];
}

/** The name of the inline policy of each of our roles. */
const policyName = "deploy";

/** A role with exactly one inline policy of ours and the attached ones that are named. */
export function role(
  clients: Clients,
  settings: Settings,
  scope: Scope,
  spec: RoleSpec,
): Resource<Desired, RoleObserved> {
  const trust = canonical({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service: spec.service }, Action: "sts:AssumeRole" }],
  });
  const desired: Desired = { trust, policy: canonical(spec.policy), attached: [...spec.attached].sort() };
  const read = (context: Context): Promise<RoleObserved | Foreign<RoleObserved> | undefined> =>
    readRole(clients, settings, scope, spec, context);
  return ecsResource<Desired, RoleObserved>("servers", {
    id: spec.id,
    label: spec.label,
    desired,
    read,
    create: async (context, wanted) => {
      const made = await clients
        .send(
          context,
          "iam",
          "CreateRole",
          {
            RoleName: spec.name,
            AssumeRolePolicyDocument: wanted.trust,
            Description: `${spec.label}, made by Deploy`,
            Tags: upperTags(spec.tags),
          },
          { repeatable: true },
        )
        .catch((error: unknown) => {
          // A run that was cut off has made it already.
          if (isAwsError(error, "EntityAlreadyExists", "EntityAlreadyExistsException")) return undefined;
          throw error;
        });
      const observed: RoleObserved =
        made?.Role === undefined
          ? madeByUs(await read(alone(context)), `the role ${spec.name}`)
          : {
              ...observe(made.Role, context.clock.now()),
              trust: wanted.trust,
              policy: undefined,
              attached: [],
            };
      await change(clients, context, spec, wanted, observed);
      return { ...observed, ...wanted };
    },
    update: async (context, wanted, observed) => {
      await change(clients, context, spec, wanted, observed);
      return { ...observed, ...wanted };
    },
    adopt: async (context) => {
      const found = await read(alone(context));
      const observed = found !== undefined && "foreign" in found ? found.observed : found;
      if (observed === undefined) throw notToBeSeen(`the role ${spec.name}`);
      await clients.send(context, "iam", "TagRole", { RoleName: spec.name, Tags: upperTags(spec.tags) });
      return observed;
    },
  });
}

async function change(
  clients: Clients,
  context: Context,
  { name: RoleName }: RoleSpec,
  wanted: Desired,
  observed: RoleObserved,
): Promise<void> {
  const again = { repeatable: true };
  const calls: Promise<unknown>[] = [];
  if (wanted.trust !== observed.trust) {
    calls.push(
      clients.send(
        context,
        "iam",
        "UpdateAssumeRolePolicy",
        { RoleName, PolicyDocument: wanted.trust },
        again,
      ),
    );
  }
  if (wanted.policy !== observed.policy) {
    const input = { RoleName, PolicyName: policyName, PolicyDocument: wanted.policy };
    calls.push(clients.send(context, "iam", "PutRolePolicy", input, again));
  }
  for (const PolicyArn of wanted.attached.filter((arn) => !observed.attached.includes(arn))) {
    calls.push(clients.send(context, "iam", "AttachRolePolicy", { RoleName, PolicyArn }, again));
  }
  for (const PolicyArn of observed.attached.filter((arn) => !wanted.attached.includes(arn))) {
    calls.push(unlessGone(clients.send(context, "iam", "DetachRolePolicy", { RoleName, PolicyArn }, again)));
  }
  await Promise.all(calls);
}

async function readRole(
  clients: Clients,
  settings: Settings,
  scope: Scope,
  spec: RoleSpec,
  context: Context,
): Promise<RoleObserved | Foreign<RoleObserved> | undefined> {
  const RoleName = spec.name;
  const [found, policy, attached] = await Promise.all([
    getRole(clients, settings, context, RoleName),
    unlessGone(clients.send(context, "iam", "GetRolePolicy", { RoleName, PolicyName: policyName })),
    unlessGone(
      clients.all(context, "iam", "ListAttachedRolePolicies", { RoleName }, (page) => page.AttachedPolicies),
    ),
  ]);
  if (found === undefined) return undefined;
  const observed: RoleObserved = {
    ...observe(found, context.clock.now()),
    policy: policy?.PolicyDocument === undefined ? undefined : canonicalText(policy.PolicyDocument),
    attached: (attached ?? []).flatMap((one) => one.PolicyArn ?? []).sort(),
  };
  return ifOurs(spec.owner, settings, scope, readTags(found.Tags), `the role ${RoleName}`, observed);
}

interface FoundRole {
  readonly RoleName?: string | undefined;
  readonly Arn?: string | undefined;
  readonly CreateDate?: Date | undefined;
  readonly AssumeRolePolicyDocument?: string | undefined;
  readonly Tags?:
    | readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[]
    | undefined;
}

/** A role by name; undefined when there is none. Asked once per plan. */
export function getRole(
  clients: Clients,
  settings: Settings,
  context: Context,
  RoleName: string,
): Promise<FoundRole | undefined> {
  return readOnce(settings, context, `role ${RoleName}`, async () => {
    const answer = await unlessGone(clients.send(context, "iam", "GetRole", { RoleName }));
    return answer?.Role;
  });
}

function observe(found: FoundRole, now: number): RoleObserved {
  return {
    name: found.RoleName ?? "",
    arn: found.Arn ?? "",
    createdAt: found.CreateDate?.getTime() ?? now,
    policy: undefined,
    trust: canonicalText(found.AssumeRolePolicyDocument ?? ""),
    attached: [],
  };
}

/** JSON with sorted keys: IAM keeps the text as it was sent, others may have written it otherwise. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

/** IAM answers with the document encoded as in a URL (RFC 3986). */
function canonicalText(text: string): string {
  try {
    return canonical(JSON.parse(decodeURIComponent(text)));
  } catch {
    return text;
  }
}
