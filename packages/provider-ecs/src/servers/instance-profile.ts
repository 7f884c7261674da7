import type { Context, Foreign, In, Resource, Scope } from "@deploy/core";
import type { Clients } from "../clients.js";
import { isAwsError, unlessGone } from "../errors.js";
import type { Settings } from "../options.js";
import { alone, ecsResource, madeByUs } from "../resources.js";
import { groupTags, ifOurs, readTags, upperTags } from "../tags.js";
import { eventually } from "./eventually.js";

interface Desired {
  /** Name of the role that instances get. */
  readonly role: string;
}

/** What hands a role to an instance. */
export interface ProfileObserved {
  readonly arn: string;
  readonly role: string | undefined;
}

/** The instance profile of the group, with its one role. */
export function instanceProfile(
  clients: Clients,
  settings: Settings,
  scope: Scope,
  spec: { readonly id: string; readonly name: string; readonly role: In<string> },
): Resource<Desired, ProfileObserved> {
  const InstanceProfileName = spec.name;
  const read = async (context: Context): Promise<ProfileObserved | Foreign<ProfileObserved> | undefined> => {
    const answer = await unlessGone(
      clients.send(context, "iam", "GetInstanceProfile", { InstanceProfileName }),
    );
    const found = answer?.InstanceProfile;
    if (found === undefined) return undefined;
    const observed = { arn: found.Arn ?? "", role: found.Roles?.[0]?.RoleName };
    const what = `the instance profile ${InstanceProfileName}`;
    return ifOurs("group", settings, scope, readTags(found.Tags), what, observed);
  };
  const give = (context: Context, RoleName: string): Promise<unknown> =>
    // Both the profile and the role may be too new to be known.
    eventually(context, ["NoSuchEntity", "NoSuchEntityException"], () =>
      clients
        .send(
          context,
          "iam",
          "AddRoleToInstanceProfile",
          { InstanceProfileName, RoleName },
          { repeatable: true },
        )
        .catch((error: unknown) => {
          // It has one: a profile takes a single role.
          if (!isAwsError(error, "LimitExceeded", "LimitExceededException", "EntityAlreadyExists"))
            throw error;
        }),
    );
  return ecsResource<Desired, ProfileObserved>("servers", {
    id: spec.id,
    label: "instance profile",
    desired: { role: spec.role },
    read,
    create: async (context, desired) => {
      const made = await clients
        .send(
          context,
          "iam",
          "CreateInstanceProfile",
          { InstanceProfileName, Tags: upperTags(groupTags(settings, scope)) },
          { repeatable: true },
        )
        .catch((error: unknown) => {
          if (isAwsError(error, "EntityAlreadyExists", "EntityAlreadyExistsException")) return undefined;
          throw error;
        });
      const arn =
        made?.InstanceProfile?.Arn ??
        madeByUs(await read(alone(context)), `the instance profile ${InstanceProfileName}`).arn;
      await give(context, desired.role);
      return { arn, role: desired.role };
    },
    update: async (context, desired, observed) => {
      const { role } = observed;
      if (role !== undefined) {
        const input = { InstanceProfileName, RoleName: role };
        await unlessGone(
          clients.send(context, "iam", "RemoveRoleFromInstanceProfile", input, { repeatable: true }),
        );
      }
      await give(context, desired.role);
      return { ...observed, role: desired.role };
    },
  });
}
