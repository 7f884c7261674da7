import { type Call, notFound, refuse } from "./http.js";
import type { Account, App, Permission, Team } from "./state.js";
import type { World } from "./world.js";

/** The app a call names, by id or name, if its account may do what is needed to it. */
export function appOf(
  world: World,
  call: Call,
  needs: Permission = "view",
  name: string = call.params.app ?? "",
): App {
  const app = findApp(world, name);
  if (app === undefined) notFound("app");
  const allowed = permissionsOf(world, app, call.account);
  if (allowed.length === 0) refuse(403, "forbidden", `You do not have access to the app ${app.name}.`);
  if (!allowed.includes(needs))
    refuse(403, "forbidden", `You do not have the ${needs} permission on the app ${app.name}.`);
  return app;
}

/** The app with an id or a name. */
export function findApp(world: World, name: string): App | undefined {
  return world.state.apps.find((app) => app.id === name || app.name === name);
}

/** What an account may do to an app; nothing at all for a stranger. */
export function permissionsOf(world: World, app: App, account: Account): readonly Permission[] {
  const all: readonly Permission[] = ["view", "deploy", "operate", "manage"];
  const personal = app.collaborators.find((one) => one.email === account.email);
  if (app.owner.kind === "account") {
    if (app.owner.id === account.id) return all;
    return personal ? ["view", "deploy", "operate"] : [];
  }
  const { id } = app.owner;
  const role = world.state.teams
    .find((team) => team.id === id)
    ?.members.find((member) => member.email === account.email)?.role;
  if (role === "admin") return all;
  if (personal) return personal.permissions;
  // An unlocked app of a team is open to each member; collaborators see what they were invited to.
  if (role === "viewer") return ["view"];
  return role === "member" && !app.locked ? ["view", "deploy", "operate"] : [];
}

/** The team with an id or a name, if the account belongs to it. */
export function teamOf(world: World, name: string, account: Account): Team {
  const team = world.state.teams.find((one) => one.id === name || one.name === name);
  if (team === undefined) return notFound("team");
  if (!team.members.some((member) => member.email === account.email))
    refuse(403, "forbidden", `You do not have access to the team ${team.name}.`);
  return team;
}

/** What `{id, name}` of an app looks like in other resources. */
export function appRef(app: App): { id: string; name: string } {
  return { id: app.id, name: app.name };
}

/** Who is said to own an app: the account, or the team's own address as Heroku words it. */
export function ownerOf(world: World, app: App): { id: string; email: string } {
  const { kind, id } = app.owner;
  if (kind === "account") {
    const account = world.state.accounts.find((one) => one.id === id);
    return { id, email: account?.email ?? "unknown@example.com" };
  }
  const team = world.state.teams.find((one) => one.id === id);
  return { id, email: `${team?.name ?? "unknown"}@herokumanager.com` };
}

/** Takes all that fit out of a list. */
export function remove<T>(list: T[], fits: (item: T) => boolean): void {
  for (let index = list.length - 1; index >= 0; index--) {
    const item = list[index];
    if (item !== undefined && fits(item)) list.splice(index, 1);
  }
}
