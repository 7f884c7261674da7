import { answer, type Call, identity, invalid, notFound, type Route } from "./http.js";
import { fixedId, newId, now } from "./ids.js";
import { appOf, appRef } from "./lookup.js";
import type { App, Collaborator, Permission } from "./state.js";
import type { World } from "./world.js";

const descriptions: Readonly<Record<Permission, string>> = {
  view: "Can view app metadata",
  deploy: "Can deploy and change config vars",
  operate: "Can scale, and manage add-ons and domains",
  manage: "Can manage collaborators, and delete the app",
};

/** Who may work on an app: all or nothing on a personal app, four permissions on a team's. */
export function collaboratorRoutes(world: World): Route[] {
  const find = (app: App, name: string): Collaborator =>
    app.collaborators.find(
      (one) => one.id === name || one.email === name || accountId(world, one.email) === name,
    ) ?? notFound("collaborator");

  function permissionsIn(value: unknown): Permission[] {
    const named = Array.isArray(value) ? value.map(String) : [];
    const unknown = named.find((one) => !(one in descriptions));
    if (unknown !== undefined) invalid(`Permission ${unknown} is invalid.`);
    // Nobody can do anything to an app he cannot see.
    return [...new Set(["view", ...named])] as Permission[];
  }

  function add(call: Call, permissions: Permission[]): unknown {
    const app = appOf(world, call, "manage");
    const user = identity(call.body, "user") ?? invalid("A user is required.");
    const email = world.state.accounts.find((one) => one.id === user)?.email ?? user;
    if (!email.includes("@")) notFound("user");
    if (app.collaborators.some((one) => one.email === email))
      invalid(`User is already a collaborator on app ${app.name}.`);
    const made: Collaborator = { id: newId(), email, permissions, createdAt: now() };
    app.collaborators.push(made);
    return describe(world, app, made);
  }

  function destroy(call: Call): unknown {
    const app = appOf(world, call, "view");
    const found = find(app, call.params.collaborator ?? "");
    if (found.email !== call.account.email) appOf(world, call, "manage");
    app.collaborators = app.collaborators.filter((one) => one !== found);
    return describe(world, app, found);
  }

  const list = (call: Call): unknown => {
    const app = appOf(world, call);
    return app.collaborators.map((one) => describe(world, app, one));
  };
  const info = (call: Call): unknown => {
    const app = appOf(world, call);
    return describe(world, app, find(app, call.params.collaborator ?? ""));
  };
  const teamOnly = (call: Call): void => {
    if (appOf(world, call).owner.kind !== "team") notFound("team app");
  };
  const team = "/teams/apps/{app}/collaborators";
  const personal = "/apps/{app}/collaborators";
  return [
    { method: "GET", path: personal, list: true, handle: (call) => answer(list(call)) },
    {
      method: "POST",
      path: personal,
      handle: (call) => answer(add(call, ["view", "deploy", "operate"]), 201),
    },
    { method: "GET", path: `${personal}/{collaborator}`, handle: (call) => answer(info(call)) },
    { method: "DELETE", path: `${personal}/{collaborator}`, handle: (call) => answer(destroy(call)) },
    {
      method: "GET",
      path: team,
      list: true,
      handle: (call) => {
        teamOnly(call);
        return answer(list(call));
      },
    },
    {
      method: "POST",
      path: team,
      handle: (call) => {
        teamOnly(call);
        return answer(add(call, permissionsIn(call.body.permissions)), 201);
      },
    },
    {
      method: "PATCH",
      path: `${team}/{collaborator}`,
      handle: (call) => {
        const app = appOf(world, call, "manage");
        const found = find(app, call.params.collaborator ?? "");
        found.permissions = permissionsIn(call.body.permissions);
        return answer(describe(world, app, found));
      },
    },
    { method: "GET", path: `${team}/{collaborator}`, handle: (call) => answer(info(call)) },
    { method: "DELETE", path: `${team}/{collaborator}`, handle: (call) => answer(destroy(call)) },
    {
      method: "GET",
      path: "/teams/permissions",
      list: true,
      handle: () =>
        answer(Object.entries(descriptions).map(([name, description]) => ({ name, description }))),
    },
  ];
}

/** The id of whoever has an address, invited people without an account too. */
export function accountId(world: World, email: string): string {
  return world.state.accounts.find((one) => one.email === email)?.id ?? fixedId(`account ${email}`);
}

function describe(world: World, app: App, one: Collaborator): unknown {
  const { email, id } = one;
  const teamRole = world.state.teams
    .find((team) => team.id === app.owner.id)
    ?.members.find((member) => member.email === email)?.role;
  const role =
    app.owner.id === accountId(world, email) ? "owner" : teamRole === "viewer" ? "member" : teamRole;
  return {
    app: appRef(app),
    created_at: one.createdAt,
    id,
    permissions:
      app.owner.kind === "team"
        ? one.permissions.map((name) => ({ name, description: descriptions[name] }))
        : [],
    role: role ?? "collaborator",
    updated_at: one.createdAt,
    user: { email, federated: false, id: accountId(world, email) },
  };
}
