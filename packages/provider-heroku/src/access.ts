import type { Access, AnyResource, Context, Grant, Resource, Role, Scope, Support } from "@deploy/core";
import { DeployError } from "@deploy/core";
import { path } from "./api.js";
import type { HerokuApp, HerokuCollaborator } from "./api-types.js";
import { hasCode, unlessMissing } from "./errors.js";
import { idOf, providerName } from "./names.js";
import { readList } from "./reads.js";
import { appResource } from "./servers.js";
import { appOf, type Surroundings } from "./surroundings.js";

/** Heroku's permissions of a role, each role's including the ones before it (Dev Center, "App Permissions"). */
const PERMISSIONS: Readonly<Record<Role, readonly string[]>> = {
  viewer: ["view"],
  deployer: ["view", "deploy"],
  operator: ["view", "deploy", "operate"],
  manager: ["view", "deploy", "operate", "manage"],
};

const STRONGEST_FIRST: readonly Role[] = ["manager", "operator", "deployer", "viewer"];

const LINK = "https://devcenter.heroku.com/articles/collaborating";

/** Apps that are asked at a time while somebody is taken off all of them. */
const appsAtATime = 8;

/** A collaborator's role, and nothing else of them. */
interface Held {
  readonly role: Role;
}

/** Collaborators of the app: with four permissions on a team's app, all or nothing on a personal one. */
export function createAccess(own: Surroundings): Access {
  const personal = own.options.team === undefined && own.options.space === undefined;
  return {
    capabilities: { roles: rolesOf(personal) },
    grants: (scope, grants) => ({
      resources: grants.map((grant) => grantResource(own, scope, personal, grant) as AnyResource),
    }),
    who: async (context, scope) =>
      (await collaborators(own, context, scope, personal)).map((one) => ({
        person: one.user.email,
        role: roleOf(one),
      })),
    revoke: (context, person, scope) =>
      scope === undefined
        ? revokeEverywhere(own, context, person)
        : revokeFrom(own, context, appOf(own, scope), person),
  };
}

function rolesOf(personal: boolean): Readonly<Record<Role, Support>> {
  if (!personal) return { viewer: true, deployer: true, operator: true, manager: true };
  const always = {
    no: "a collaborator of a personal app may always deploy and operate it; a team's app knows less",
    link: LINK,
  };
  return {
    viewer: always,
    deployer: always,
    operator: true,
    manager: { no: "only its owner manages a personal app; a team's app knows managers", link: LINK },
  };
}

function grantResource(
  own: Surroundings,
  scope: Scope,
  personal: boolean,
  { person, role }: Grant,
): Resource<Held, Held> {
  const app = appOf(own, scope);
  const to = path`/teams/apps/${app}/collaborators`;
  return {
    id: idOf("access", app, person),
    label: `${role} ${person}`,
    provider: providerName,
    element: "access",
    desired: { role },
    after: [appResource(own, scope) as AnyResource],
    read: async (context) => {
      const found = (await collaborators(own, context, scope, personal)).find(({ user }) =>
        isPerson(user, person),
      );
      return found === undefined ? undefined : { role: roleOf(found) };
    },
    blocked: (observed) =>
      observed?.role === "manager" && role !== "manager" && personal
        ? {
            code: "access.owner",
            message: `${person} owns ${app}.`,
            hint: "An owner's role cannot be changed; transfer the app first.",
          }
        : undefined,
    create: async (context) => {
      const user = { user: person, silent: true };
      if (personal) await own.api.post(context, path`/apps/${app}/collaborators`, user);
      else await own.api.post(context, to, { ...user, permissions: PERMISSIONS[role] });
      return { role };
    },
    update: async (context) => {
      await own.api.patch(context, path`/teams/apps/${app}/collaborators/${person}`, {
        permissions: PERMISSIONS[role],
      });
      return { role };
    },
  };
}

async function collaborators(
  own: Surroundings,
  context: Context,
  scope: Scope,
  personal: boolean,
): Promise<readonly HerokuCollaborator[]> {
  if (personal) return (await readList<HerokuCollaborator>(own, context, scope, "collaborators")) ?? [];
  const to = path`/teams/apps/${appOf(own, scope)}/collaborators`;
  const found = await context.shared(`heroku${to}`, () =>
    unlessMissing(own.api.list<HerokuCollaborator>(context, to)),
  );
  return found ?? [];
}

function roleOf({ role, permissions = [] }: HerokuCollaborator): Role {
  if (role === "owner" || role === "admin") return "manager";
  const held = new Set(permissions.map(({ name }) => name));
  // A personal app's collaborators have no permissions of their own: they may deploy and operate.
  if (held.size === 0) return "operator";
  return STRONGEST_FIRST.find((one) => PERMISSIONS[one].every((name) => held.has(name))) ?? "viewer";
}

function isPerson(user: HerokuCollaborator["user"], person: string): boolean {
  return user.email.toLowerCase() === person.toLowerCase() || user.id === person;
}

/** Takes them off one app; answers with its name if they were on it. */
async function revokeFrom(
  { api }: Surroundings,
  context: Context,
  app: string,
  person: string,
): Promise<readonly string[]> {
  const on =
    (await unlessMissing(api.list<HerokuCollaborator>(context, path`/apps/${app}/collaborators`))) ?? [];
  const found = on.find(({ user }) => isPerson(user, person));
  if (found === undefined) return [];
  if (found.role === "owner") {
    throw new DeployError({
      code: "access.owner",
      message: `${person} owns ${app}.`,
      hint: "Transfer the app to somebody else first.",
    });
  }
  await unlessMissing(api.delete(context, path`/apps/${app}/collaborators/${found.user.id}`));
  return [app];
}

/**
 * Takes them off every app that the token reaches, and out of the team of the options: whoever is still a member of a
 * team sees its apps that are not locked.
 *
 * An app that they own stays theirs. It is passed over, and named at the end as what is left.
 *
 * @throws `access.not-revoked` with what is left, after everything else was done.
 */
async function revokeEverywhere(
  own: Surroundings,
  context: Context,
  person: string,
): Promise<readonly string[]> {
  const apps = await own.api.list<HerokuApp>(context, "/apps");
  const names = apps.map(({ name }) => name).sort();
  const revoked: string[] = [];
  const left: string[] = [];
  const next = names.values();
  const work = async (): Promise<void> => {
    for (const app of next) {
      try {
        revoked.push(...(await revokeFrom(own, context, app, person)));
      } catch (error) {
        if (!hasCode(error, "access.owner", "heroku.forbidden")) throw error;
        left.push(
          hasCode(error, "access.owner")
            ? `the app ${app}, which they own`
            : `the app ${app}, which this token may not manage`,
        );
      }
    }
  };
  await Promise.all(Array.from({ length: appsAtATime }, work));
  const { team } = own.options;
  if (team !== undefined) {
    try {
      const member = await unlessMissing(
        own.api.delete(context, path`/teams/${team}/members/${person}`).then(() => true),
      );
      if (member === true) revoked.push(`team ${team}`);
    } catch (error) {
      if (!hasCode(error, "heroku.forbidden", "heroku.invalid")) throw error;
      left.push(`the team ${team}, whose members this token may not manage`);
    }
  }
  if (left.length === 0) return revoked.sort();
  throw new DeployError({
    code: "access.not-revoked",
    message: `${person} still has access: ${left.sort().join("; ")}.`,
    hint: "Transfer what they own, or use the token of somebody who manages it, and run the same again.",
    details: { revoked: revoked.sort(), left },
  });
}
