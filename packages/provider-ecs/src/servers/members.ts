import { type Context, DeployError, type Owned, type Resource, type Scope } from "@deploy/core";
import type { Clients } from "../clients.js";
import { isAwsError, isGone, unlessGone } from "../errors.js";
import { groupOf, idOf, providerName } from "../names.js";
import type { Settings } from "../options.js";
import { ecsResource, readOnce } from "../resources.js";
import { appTags, upperTags } from "../tags.js";

/**
 * An app's membership of its group: a parameter whose presence says that the app uses what the group shares. So that the
 * last app to go takes the cluster, the load balancer and the instance with it, and none before.
 */
export function memberOf(
  clients: Clients,
  settings: Settings,
  scope: Scope,
): Resource<Record<string, never>, { readonly member: true }> {
  const Name = memberName(settings, scope);
  return ecsResource<Record<string, never>, { readonly member: true }>("servers", {
    id: idOf(settings, "servers", scope, "member"),
    label: `place in the group ${groupOf(settings, scope)}`,
    desired: {},
    read: async (context) => {
      return (await isMember(clients, settings, context, Name)) ? { member: true } : undefined;
    },
    create: async (context) => {
      await clients
        .send(
          context,
          "ssm",
          "PutParameter",
          {
            Name,
            Type: "String",
            Value: `${scope.app} ${scope.environment}`,
            Description: "Uses what the group shares; made by Deploy",
            Tags: upperTags(appTags(settings, scope)),
          },
          { repeatable: true },
        )
        .catch((error: unknown) => {
          if (!isAwsError(error, "ParameterAlreadyExists")) throw error;
        });
      return { member: true };
    },
  });
}

function isMember(clients: Clients, settings: Settings, context: Context, Name: string): Promise<boolean> {
  return readOnce(settings, context, `member ${Name}`, async () => {
    const found = await unlessGone(clients.send(context, "ssm", "GetParameter", { Name }));
    return found?.Parameter !== undefined;
  });
}

function membersPath(settings: Settings, scope: Scope): string {
  return `/deploy-groups/${groupOf(settings, scope)}`;
}

function memberName(settings: Settings, scope: Scope): string {
  return `${membersPath(settings, scope)}/${scope.app}/${scope.environment}`;
}

/** Names of the parameters of everybody else in the group, such as `/deploy-groups/production/shop/production`. Once per plan. */
export async function otherMembers(
  clients: Clients,
  settings: Settings,
  context: Context,
  scope: Scope,
): Promise<readonly string[]> {
  const Path = membersPath(settings, scope);
  const all = await readOnce(settings, context, `members ${Path}`, () =>
    clients.all(context, "ssm", "GetParametersByPath", { Path, Recursive: true }, (page) => page.Parameters),
  );
  const own = memberName(settings, scope);
  return all.flatMap((one) => (one.Name === undefined || one.Name === own ? [] : [one.Name]));
}

/**
 * Makes sure that nobody else has joined since the plan was made.
 *
 * @throws `servers.shared`
 */
export async function assertAlone(
  clients: Clients,
  settings: Settings,
  context: Context,
  scope: Scope,
  what: string,
): Promise<void> {
  const others = await otherMembers(clients, settings, context, scope);
  if (others.length === 0) return;
  throw new DeployError({
    code: "servers.shared",
    message: `${what} stays: meanwhile ${others.join(", ")} uses it.`,
    hint: "Run the same again: it will be left out.",
  });
}

/** The membership as something of ours: it goes last but for what the group shares. */
export async function findMember(
  clients: Clients,
  settings: Settings,
  context: Context,
  scope: Scope,
): Promise<readonly Owned[]> {
  const Name = memberName(settings, scope);
  if (!(await isMember(clients, settings, context, Name))) return [];
  return [
    {
      id: idOf(settings, "servers", scope, "member"),
      label: `place in the group ${groupOf(settings, scope)}`,
      provider: providerName,
      element: "servers",
      remove: async (removing) => {
        await clients
          .send(removing, "ssm", "DeleteParameter", { Name }, { repeatable: true })
          .catch((error: unknown) => {
            if (!isGone(error)) throw error;
          });
      },
    },
  ];
}
