import { type Context, DeployError } from "@deploy/core";
import type { Clients } from "../clients.js";
import { isAwsError, unlessGone } from "../errors.js";

/** Somebody whom IAM can attach a policy to. */
export interface Person {
  readonly kind: "user" | "group" | "role";
  readonly name: string;
}

/** Roles that IAM Identity Center keeps for itself: nothing can be attached to them. */
const keptByIdentityCenter = /^AWSReservedSSO_/;

/**
 * A person as a grant names them: `maria` and `user/maria`, `group/developers`, `role/ci`, or the ARN of one.
 *
 * @throws `access.bad-person`
 */
export function readPerson(text: string): Person {
  const [, kind = "user", path = ""] =
    /^(?:arn:aws[\w-]*:iam::\d{12}:)?(?:(user|group|role)\/)?([\w+=,.@/-]+)$/.exec(text) ?? [];
  const name = path.split("/").at(-1) ?? "";
  if (name === "" || (path.includes("/") && !text.startsWith("arn:"))) {
    throw new DeployError({
      code: "access.bad-person",
      message: `${JSON.stringify(text)} names nobody in IAM.`,
      hint: "Name a user (maria), group/developers, role/ci, or an ARN of one of these.",
    });
  }
  if (kind === "role" && keptByIdentityCenter.test(name)) {
    throw new DeployError({
      code: "access.bad-person",
      message: `${name} is kept by IAM Identity Center, which attaches policies to its roles by itself.`,
      hint: "Add our policy to the permission set there, as a customer managed policy: `deploy access who` shows its name.",
    });
  }
  return { kind: kind as Person["kind"], name };
}

/** A person as `who` writes them: users by their name alone. */
export function writePerson({ kind, name }: Person): string {
  return kind === "user" ? name : `${kind}/${name}`;
}

/**
 * Attaches a policy; one that is attached already is fine.
 *
 * @throws `access.unknown-person` when IAM has nobody of that name.
 */
export async function attach(
  clients: Clients,
  context: Context,
  person: Person,
  PolicyArn: string,
): Promise<void> {
  const { kind, name } = person;
  const again = { repeatable: true };
  try {
    if (kind === "user") {
      await clients.send(context, "iam", "AttachUserPolicy", { UserName: name, PolicyArn }, again);
    } else if (kind === "group") {
      await clients.send(context, "iam", "AttachGroupPolicy", { GroupName: name, PolicyArn }, again);
    } else {
      await clients.send(context, "iam", "AttachRolePolicy", { RoleName: name, PolicyArn }, again);
    }
  } catch (error) {
    if (!isAwsError(error, "NoSuchEntity", "NoSuchEntityException")) throw error;
    throw new DeployError({
      code: "access.unknown-person",
      message: `IAM has no ${kind} called ${name} in this account.`,
      hint: "Make it first, or name somebody who is there: a user (maria), group/developers, role/ci.",
      cause: error,
    });
  }
}

/** Detaches a policy; one that is not attached is fine. */
export async function detach(
  clients: Clients,
  context: Context,
  person: Person,
  PolicyArn: string,
): Promise<void> {
  const { kind, name } = person;
  const again = { repeatable: true };
  await unlessGone(
    kind === "user"
      ? clients.send(context, "iam", "DetachUserPolicy", { UserName: name, PolicyArn }, again)
      : kind === "group"
        ? clients.send(context, "iam", "DetachGroupPolicy", { GroupName: name, PolicyArn }, again)
        : clients.send(context, "iam", "DetachRolePolicy", { RoleName: name, PolicyArn }, again),
  );
}

/** ARNs of the managed policies that somebody has; none for somebody who is not there. */
export async function policiesOf(
  clients: Clients,
  context: Context,
  person: Person,
): Promise<readonly string[]> {
  const { kind, name } = person;
  const list =
    kind === "user"
      ? clients.all(
          context,
          "iam",
          "ListAttachedUserPolicies",
          { UserName: name },
          (page) => page.AttachedPolicies,
        )
      : kind === "group"
        ? clients.all(
            context,
            "iam",
            "ListAttachedGroupPolicies",
            { GroupName: name },
            (page) => page.AttachedPolicies,
          )
        : clients.all(
            context,
            "iam",
            "ListAttachedRolePolicies",
            { RoleName: name },
            (page) => page.AttachedPolicies,
          );
  const found = await unlessGone(list);
  return (found ?? []).flatMap(({ PolicyArn }) => (PolicyArn === undefined ? [] : [PolicyArn]));
}

/** Everybody whom a policy is attached to. */
export async function peopleWith(
  clients: Clients,
  context: Context,
  PolicyArn: string,
): Promise<readonly Person[]> {
  const people: Person[] = [];
  for await (const page of clients.pages(context, "iam", "ListEntitiesForPolicy", { PolicyArn })) {
    for (const { UserName } of page.PolicyUsers ?? [])
      if (UserName) people.push({ kind: "user", name: UserName });
    for (const { GroupName } of page.PolicyGroups ?? [])
      if (GroupName) people.push({ kind: "group", name: GroupName });
    for (const { RoleName } of page.PolicyRoles ?? [])
      if (RoleName) people.push({ kind: "role", name: RoleName });
  }
  return people;
}
