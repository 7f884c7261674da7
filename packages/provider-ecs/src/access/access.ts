import type { Access, AnyResource, Context, Grant, Owned, Resource, Role, Scope } from "@deploy/core";
import { mapOut, output } from "@deploy/core";
import type { Clients } from "../clients.js";
import { unlessGone } from "../errors.js";
import { idOf, providerName } from "../names.js";
import type { Finder } from "../owned.js";
import type { Parts } from "../parts.js";
import { ecsResource } from "../resources.js";
import { attach, detach, type Person, peopleWith, policiesOf, readPerson, writePerson } from "./people.js";
import { listPolicies, type PolicyObserved, policy, policyId, policyRoot } from "./policies.js";
import { rolesWeakestFirst } from "./role-documents.js";

interface Held {
  readonly role: Role;
  /** ARN of the role's policy. */
  readonly policy: string;
}

/** A role is a managed policy per app and environment; a grant attaches it to a user, a group or a role of IAM. */
export function createAccess({ clients, settings }: Parts): Access {
  const grant = (scope: Scope, { person: text, role }: Grant): readonly AnyResource[] => {
    const person = readPerson(text);
    const document = policy(clients, settings, scope, role);
    const node: Resource<Held, Held> = ecsResource<Held, Held>("access", {
      id: idOf(settings, "access", scope, person.kind, person.name),
      label: `${role} ${writePerson(person)}`,
      desired: {
        role,
        policy: mapOut(
          output(document, ({ arn }: PolicyObserved) => arn),
          (arn) => arn,
        ),
      },
      read: async (context) => {
        const ours = await listPolicies(clients, settings, scope, context);
        const held = new Set(await policiesOf(clients, context, person));
        const found = strongest([...ours].filter(([, arn]) => held.has(arn)));
        return found === undefined ? undefined : { role: found[0], policy: found[1] };
      },
      create: async (context, wanted) => {
        await attach(clients, context, person, wanted.policy);
        return wanted;
      },
      update: async (context, wanted) => {
        // First the new one: whoever is moved up loses nothing meanwhile.
        await attach(clients, context, person, wanted.policy);
        const ours = await listPolicies(clients, settings, scope, context);
        const others = [...ours.values()].filter((arn) => arn !== wanted.policy);
        await Promise.all(others.map((arn) => detach(clients, context, person, arn)));
        return wanted;
      },
    });
    return [document as AnyResource, node as AnyResource];
  };

  return {
    capabilities: { roles: { viewer: true, deployer: true, operator: true, manager: true } },
    grants: (scope, grants) => ({ resources: grants.flatMap((one) => grant(scope, one)) }),
    async who(context, scope) {
      const ours = await listPolicies(clients, settings, scope, context);
      const byPerson = new Map<string, Role>();
      const people = await Promise.all(
        [...ours].map(async ([role, arn]) => ({ role, with: await peopleWith(clients, context, arn) })),
      );
      // Weakest first: the last to be written down is the strongest.
      for (const one of people) for (const person of one.with) byPerson.set(writePerson(person), one.role);
      return [...byPerson].map(([person, role]) => ({ person, role }));
    },
    async revoke(context, text, scope) {
      const person = readPerson(text);
      const held = await policiesOf(clients, context, person);
      const ours =
        scope === undefined
          ? held.filter((arn) => arn.includes(`:policy${policyRoot}`))
          : heldOf(held, await listPolicies(clients, settings, scope, context));
      await Promise.all(ours.map((arn) => detach(clients, context, person, arn)));
      return [...new Set(ours.map(appIn))].sort();
    },
  };
}

function heldOf(held: readonly string[], ours: ReadonlyMap<Role, string>): readonly string[] {
  return [...ours.values()].filter((arn) => held.includes(arn));
}

function strongest(held: readonly (readonly [Role, string])[]): readonly [Role, string] | undefined {
  const rank = ([role]: readonly [Role, string]): number => rolesWeakestFirst.indexOf(role);
  return [...held].sort((one, other) => rank(other) - rank(one))[0];
}

/** `shop/production` of a policy's ARN. */
function appIn(arn: string): string {
  const path = arn.slice(arn.indexOf(`:policy${policyRoot}`) + `:policy${policyRoot}`.length);
  return path.slice(0, path.lastIndexOf("/"));
}

/** The roles' policies: what `down` removes, with everybody who is attached to them; a deployment leaves them alone. */
export function accessFinder({ clients, settings }: Parts): Finder {
  return async (context, scope) => {
    const ours = await listPolicies(clients, settings, scope, context);
    return [...ours].map(
      ([role, arn]): Owned => ({
        id: policyId(settings, scope, role),
        label: `policy of ${role}s`,
        provider: providerName,
        element: "access",
        history: true,
        remove: (asked) => removePolicy(clients, asked, arn),
      }),
    );
  };
}

/** A policy goes once nobody is attached to it and it has one version left. */
async function removePolicy(clients: Clients, context: Context, PolicyArn: string): Promise<void> {
  const people = (await unlessGone(peopleWith(clients, context, PolicyArn))) ?? ([] as readonly Person[]);
  await Promise.all(people.map((person) => detach(clients, context, person, PolicyArn)));
  const versions = await unlessGone(
    clients.all(context, "iam", "ListPolicyVersions", { PolicyArn }, (page) => page.Versions),
  );
  for (const { VersionId, IsDefaultVersion } of versions ?? []) {
    if (IsDefaultVersion === true || VersionId === undefined) continue;
    await unlessGone(
      clients.send(context, "iam", "DeletePolicyVersion", { PolicyArn, VersionId }, { repeatable: true }),
    );
  }
  await unlessGone(clients.send(context, "iam", "DeletePolicy", { PolicyArn }, { repeatable: true }));
}
