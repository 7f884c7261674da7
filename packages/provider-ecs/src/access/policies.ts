import type { Context, Foreign, Resource, Role, Scope } from "@deploy/core";
import type { Clients } from "../clients.js";
import { isAwsError, unlessGone } from "../errors.js";
import { appName, appPath, idOf } from "../names.js";
import type { Settings } from "../options.js";
import { alone, ecsResource, madeByUs, notToBeSeen, readOnce } from "../resources.js";
import { appTags, ifOurs, readTags, upperTags } from "../tags.js";
import { roleDocument, rolesWeakestFirst } from "./role-documents.js";

/** Below this path stand the policies of all apps: `/deploy/shop/production/`. */
export const policyRoot = "/deploy/";

/** Versions that IAM keeps of a policy (IAM quotas). */
const versionsKept = 5;

/** A role's policy as IAM holds it. */
export interface PolicyObserved {
  readonly arn: string;
  readonly document: string;
  readonly version: string;
}

interface Desired {
  readonly document: string;
}

/** The name of a role's policy: unique in the account whatever its path, so that region and app are in it. */
function policyName(settings: Settings, scope: Scope, role: Role): string {
  return appName(scope, 128, settings.region, role);
}

/** The path that an app's policies stand on. */
function policyPath(scope: Scope): string {
  return `${appPath(scope)}/`;
}

/** The id of a role's policy as a resource. */
export function policyId(settings: Settings, scope: Scope, role: Role): string {
  return idOf(settings, "access", scope, "policy", role);
}

/** ARNs of the policies of an app by role, as far as they are there. */
export async function listPolicies(
  clients: Clients,
  settings: Settings,
  scope: Scope,
  context: Context,
): Promise<ReadonlyMap<Role, string>> {
  const PathPrefix = policyPath(scope);
  const found = await readOnce(settings, context, `iam policies ${PathPrefix}`, () =>
    clients.all(context, "iam", "ListPolicies", { Scope: "Local", PathPrefix }, (page) => page.Policies),
  );
  const byRole = new Map<Role, string>();
  for (const role of rolesWeakestFirst) {
    const name = policyName(settings, scope, role);
    const arn = found.find((one) => one.PolicyName === name && one.Path === PathPrefix)?.Arn;
    if (arn !== undefined) byRole.set(role, arn);
  }
  return byRole;
}

/** The policy of one role for one app, which people are attached to. */
export function policy(
  clients: Clients,
  settings: Settings,
  scope: Scope,
  role: Role,
): Resource<Desired, PolicyObserved> {
  const name = policyName(settings, scope, role);
  const read = async (context: Context): Promise<PolicyObserved | Foreign<PolicyObserved> | undefined> => {
    const arn = (await listPolicies(clients, settings, scope, context)).get(role);
    return arn === undefined ? undefined : readPolicy(clients, settings, scope, arn, context);
  };
  return ecsResource<Desired, PolicyObserved>("access", {
    id: policyId(settings, scope, role),
    label: `policy of ${role}s`,
    desired: { document: JSON.stringify(roleDocument(settings, scope, role)) },
    read,
    create: async (context, wanted) => {
      const made = await clients
        .send(context, "iam", "CreatePolicy", {
          PolicyName: name,
          Path: policyPath(scope),
          PolicyDocument: wanted.document,
          Description: `What a ${role} of ${scope.app} in ${scope.environment} may do, made by Deploy`,
          Tags: upperTags(appTags(settings, scope)),
        })
        .catch((error: unknown) => {
          if (isAwsError(error, "EntityAlreadyExists", "EntityAlreadyExistsException")) return undefined;
          throw error;
        });
      if (made?.Policy?.Arn !== undefined) {
        return { ...wanted, arn: made.Policy.Arn, version: made.Policy.DefaultVersionId ?? "v1" };
      }
      return madeByUs(await read(alone(context)), `the policy ${name}`);
    },
    update: async (context, wanted, observed) => {
      await makeRoom(clients, context, observed.arn);
      const made = await clients.send(context, "iam", "CreatePolicyVersion", {
        PolicyArn: observed.arn,
        PolicyDocument: wanted.document,
        SetAsDefault: true,
      });
      return { ...observed, ...wanted, version: made.PolicyVersion?.VersionId ?? observed.version };
    },
    adopt: async (context) => {
      const found = await read(alone(context));
      const observed = found !== undefined && "foreign" in found ? found.observed : found;
      if (observed === undefined) throw notToBeSeen(`the policy ${name}`);
      const Tags = upperTags(appTags(settings, scope));
      await clients.send(context, "iam", "TagPolicy", { PolicyArn: observed.arn, Tags });
      return observed;
    },
  });
}

async function readPolicy(
  clients: Clients,
  settings: Settings,
  scope: Scope,
  PolicyArn: string,
  context: Context,
): Promise<PolicyObserved | Foreign<PolicyObserved> | undefined> {
  const found = await unlessGone(clients.send(context, "iam", "GetPolicy", { PolicyArn }));
  if (found?.Policy === undefined) return undefined;
  const VersionId = found.Policy.DefaultVersionId ?? "v1";
  const held = await unlessGone(clients.send(context, "iam", "GetPolicyVersion", { PolicyArn, VersionId }));
  if (held === undefined) return undefined;
  const document = canonical(decodeURIComponent(held.PolicyVersion?.Document ?? "%7B%7D"));
  const observed = { arn: PolicyArn, document, version: VersionId };
  const tags = readTags(found.Policy.Tags);
  return ifOurs("app", settings, scope, tags, `the policy ${found.Policy.PolicyName}`, observed);
}

/** IAM gives a document back as it got it; whoever has edited it in the console has changed its spaces, too. */
function canonical(document: string): string {
  try {
    return JSON.stringify(JSON.parse(document));
  } catch {
    return document;
  }
}

/** A policy with five versions takes no sixth: the oldest that is not in force goes. */
async function makeRoom(clients: Clients, context: Context, PolicyArn: string): Promise<void> {
  const versions = await clients.all(
    context,
    "iam",
    "ListPolicyVersions",
    { PolicyArn },
    (page) => page.Versions,
  );
  if (versions.length < versionsKept) return;
  const oldest = versions
    .filter(({ IsDefaultVersion }) => IsDefaultVersion !== true)
    .sort((one, other) => (one.CreateDate?.getTime() ?? 0) - (other.CreateDate?.getTime() ?? 0))[0];
  if (oldest?.VersionId === undefined) return;
  const input = { PolicyArn, VersionId: oldest.VersionId };
  await unlessGone(clients.send(context, "iam", "DeletePolicyVersion", input, { repeatable: true }));
}
