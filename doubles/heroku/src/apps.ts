import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { regionNames, stackNames } from "./account.js";
import type { Addons } from "./addons.js";
import { describeApp, describeTeamApp } from "./describe-app.js";
import type { Dynos } from "./dynos.js";
import {
  answer,
  type Body,
  type Call,
  identity,
  invalid,
  notFound,
  type Route,
  refuse,
  text,
} from "./http.js";
import { newId, now } from "./ids.js";
import { appOf, permissionsOf, remove, teamOf } from "./lookup.js";
import { herokuDomain, newApp } from "./new-app.js";
import type { Releases } from "./releases.js";
import { serveApp } from "./router.js";
import { type Host, listen } from "./server.js";
import type { App } from "./state.js";
import type { World } from "./world.js";

/** The other families an app's beginning and end touch. */
export interface AppParts {
  readonly releases: Releases;
  readonly dynos: Dynos;
  readonly addons: Addons;
}

/** Apps of accounts and teams. */
export interface Apps {
  readonly routes: Route[];
  /** Makes an app, as POST /apps and /teams/apps do. */
  create(call: Call, body: Body, team: boolean): Promise<App>;
  destroy(app: App, call: Call): Promise<void>;
}

/** Makes the family of apps. */
export function createApps(world: World, parts: AppParts): Apps {
  const { state } = world;
  const doors = new Map<string, Host>();
  world.closing.push(async () => {
    await Promise.all([...doors.values()].map((host) => host.close()));
  });
  const name = /^[a-z][a-z0-9-]{1,28}[a-z0-9]$/;

  async function create(call: Call, body: Body, forTeam: boolean): Promise<App> {
    const wanted = text(body, "name") ?? `double-${randomBytes(5).toString("hex")}`;
    if (!name.test(wanted))
      invalid(
        "Name must start with a letter, end with a letter or digit and can only contain lowercase letters, digits, and dashes.",
      );
    if (state.apps.some((app) => app.name === wanted) || world.scripts.takenNames.includes(wanted))
      invalid(`Name ${wanted} is already taken`);
    const region = identity(body, "region") ?? "us";
    if (!regionNames.includes(region)) notFound("region");
    const spaceName = text(body, "space");
    const space = state.spaces.find((one) => one.name === spaceName || one.id === spaceName);
    if (spaceName !== undefined && space === undefined) notFound("space");
    if (space?.state === "allocating") refuse(422, "invalid_params", "The space is still being allocated.");
    const generation = space?.generation ?? "cedar";
    const stack = identity(body, "stack") ?? (generation === "fir" ? "cnb" : "heroku-24");
    if (generation === "fir" && body.stack !== undefined)
      invalid("Stack can't be set: apps of the Fir generation use Cloud Native Buildpacks.");
    if (generation === "cedar" && !stackNames.includes(stack)) notFound("stack");
    const teamName = forTeam ? (text(body, "team") ?? space?.team) : undefined;
    const team =
      teamName === undefined || body.personal === true ? undefined : teamOf(world, teamName, call.account);
    const app = newApp(call, wanted, { region, stack, generation });
    const made: App = {
      ...app,
      owner: team ? { kind: "team", id: team.id } : { kind: "account", id: call.account.id },
      space: space?.name,
      locked: body.locked === true,
      internalRouting: body.internal_routing === true,
    };
    // The name is taken before the first pause: two calls at once must not both get it.
    state.apps.push(made);
    if (!team)
      made.collaborators.push({ id: newId(), email: call.account.email, permissions: [], createdAt: now() });
    const host = await listen(createServer((request, response) => serveApp(world, made, request, response)));
    doors.set(made.id, host);
    made.webUrl = `${host.url}/`;
    made.domains.push(herokuDomain(made));
    parts.releases.create(made, call.account, { description: "Initial release" });
    parts.releases.create(made, call.account, { description: "Enable Logplex" });
    return made;
  }

  async function destroy(app: App, call: Call): Promise<void> {
    await parts.dynos.stopAll(app);
    for (const addon of state.addons.filter((one) => one.app === app.id))
      await parts.addons.destroy(addon, call);
    remove(state.attachments, (one) => one.app === app.id);
    remove(state.couplings, (one) => one.app === app.id);
    remove(state.apps, (one) => one.id === app.id);
    await doors.get(app.id)?.close();
    doors.delete(app.id);
  }

  const visible = (call: Call): App[] =>
    state.apps.filter((app) => permissionsOf(world, app, call.account).length > 0);

  function update(call: Call): App {
    const { body } = call;
    const app = appOf(world, call, body.name === undefined ? "operate" : "manage");
    const renamed = text(body, "name");
    if (renamed !== undefined && renamed !== app.name) {
      if (!name.test(renamed))
        invalid("Name must start with a letter and can only contain lowercase letters, digits, and dashes.");
      if (state.apps.some((one) => one.name === renamed)) invalid(`Name ${renamed} is already taken`);
      app.name = renamed;
    }
    const stack = identity(body, "build_stack");
    if (stack !== undefined) {
      if (app.generation === "fir")
        invalid("Stack can't be set: apps of the Fir generation use Cloud Native Buildpacks.");
      if (!stackNames.includes(stack)) notFound("stack");
      app.buildStack = stack;
      // Until the first build there is nothing that runs on another stack.
      if (!app.releases.some((release) => release.artifact)) app.stack = stack;
    }
    if (typeof body.maintenance === "boolean" && body.maintenance !== app.maintenance) {
      app.maintenance = body.maintenance;
      world.log(
        app,
        "app",
        "api",
        `${body.maintenance ? "Enable" : "Disable"} maintenance mode by user ${call.account.email}`,
      );
    }
    app.updatedAt = now();
    return app;
  }

  const teamApp = (call: Call): App => appOf(world, call, "view");
  return {
    create,
    destroy,
    routes: [
      {
        method: "POST",
        path: "/apps",
        shows: "app",
        handle: async (call) => answer(describeApp(world, await create(call, call.body, false)), 201),
      },
      {
        method: "POST",
        path: "/teams/apps",
        shows: "team-app",
        handle: async (call) =>
          answer(describeTeamApp(world, await create(call, call.body, true), call), 201),
      },
      {
        method: "GET",
        path: "/apps",
        list: true,
        shows: "app",
        handle: (call) => answer(visible(call).map((app) => describeApp(world, app))),
      },
      {
        method: "GET",
        path: "/users/{account}/apps",
        list: true,
        shows: "app",
        handle: (call) =>
          answer(
            visible(call)
              .filter(
                (app) =>
                  app.owner.kind === "account" ||
                  app.collaborators.some((one) => one.email === call.account.email),
              )
              .map((app) => describeApp(world, app)),
          ),
      },
      {
        method: "GET",
        path: "/teams/{team}/apps",
        list: true,
        shows: "team-app",
        handle: (call) => {
          const team = teamOf(world, call.params.team ?? "", call.account);
          return answer(
            state.apps
              .filter((app) => app.owner.id === team.id)
              .map((app) => describeTeamApp(world, app, call)),
          );
        },
      },
      {
        method: "GET",
        path: "/apps/{app}",
        shows: "app",
        handle: (call) => answer(describeApp(world, appOf(world, call))),
      },
      {
        method: "PATCH",
        path: "/apps/{app}",
        shows: "app",
        handle: (call) => answer(describeApp(world, update(call))),
      },
      {
        method: "DELETE",
        path: "/apps/{app}",
        shows: "app",
        handle: async (call) => {
          const app = appOf(world, call, "manage");
          await destroy(app, call);
          return answer(describeApp(world, app));
        },
      },
      {
        method: "GET",
        path: "/teams/apps/{app}",
        shows: "team-app",
        handle: (call) => answer(describeTeamApp(world, teamApp(call), call)),
      },
      {
        method: "PATCH",
        path: "/teams/apps/{app}",
        shows: "team-app",
        handle: (call) => {
          const app = appOf(world, call, "manage");
          if (typeof call.body.locked === "boolean") app.locked = call.body.locked;
          return answer(describeTeamApp(world, app, call));
        },
      },
    ],
  };
}
