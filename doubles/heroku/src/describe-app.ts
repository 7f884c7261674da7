import { regionRef, stackRef } from "./account.js";
import type { Call } from "./http.js";
import { ownerOf } from "./lookup.js";
import type { App } from "./state.js";
import type { World } from "./world.js";

function common(world: World, app: App): Record<string, unknown> {
  const space = world.state.spaces.find((one) => one.name === app.space);
  return {
    archived_at: null,
    base_image_name: null,
    build_stack: stackRef(app.buildStack),
    buildpack_provided_description: null,
    buildpacks: null,
    created_at: app.createdAt,
    current_build_architecture: ["amd64"],
    generation: app.generation,
    git_url: `https://git.heroku.com/${app.name}.git`,
    id: app.id,
    internal_routing: app.internalRouting,
    maintenance: app.maintenance,
    name: app.name,
    owner: ownerOf(world, app),
    region: regionRef(app.region),
    released_at: app.releasedAt,
    repo_size: null,
    slug_size: null,
    space: space ? { id: space.id, name: space.name, shield: space.shield } : null,
    stack: stackRef(app.stack),
    updated_at: app.updatedAt,
    web_url: app.webUrl,
  };
}

/** An app as `/apps` shows it. */
export function describeApp(world: World, app: App): unknown {
  const team = world.state.teams.find((one) => one.id === app.owner.id);
  const reference = team ? { id: team.id, name: team.name } : null;
  return { ...common(world, app), acm: app.acm, organization: reference, team: reference };
}

/** An app as `/teams/apps` shows it. */
export function describeTeamApp(world: World, app: App, call: Call): unknown {
  const { space, ...rest } = common(world, app) as { space: { id: string; name: string } | null };
  const team = world.state.teams.find((one) => one.id === app.owner.id);
  return {
    ...rest,
    space: space && { id: space.id, name: space.name },
    team: team ? { name: team.name } : null,
    locked: app.locked,
    joined: app.collaborators.some((one) => one.email === call.account.email),
  };
}
