import { regionRef } from "./account.js";
import { describeDyno } from "./dyno-routes.js";
import { answer, type Call, identity, invalid, notFound, type Route, text } from "./http.js";
import { newId, now } from "./ids.js";
import { remove, teamOf } from "./lookup.js";
import type { Space } from "./state.js";
import type { World } from "./world.js";

/** Private spaces, of both generations. */
export function spaceRoutes(world: World): Route[] {
  const { state } = world;
  const find = (call: Call): Space => {
    const name = call.params.space ?? "";
    const found = state.spaces.find((one) => one.name === name || one.id === name) ?? notFound("space");
    teamOf(world, found.team, call.account);
    return found;
  };
  const show = (space: Space): unknown => describe(world, space);

  function create(call: Call): Space {
    const { body } = call;
    const name = text(body, "name") ?? invalid("A name is required.");
    const team = teamOf(world, text(body, "team") ?? "", call.account);
    if (state.spaces.some((one) => one.name === name)) invalid(`Name ${name} is already taken`);
    const generation = text(body, "generation") === "fir" ? "fir" : "cedar";
    if (generation === "fir" && body.shield === true)
      invalid("Shield is not available on the Fir generation.");
    const made: Space = {
      id: newId(),
      name,
      team: team.name,
      region: identity(body, "region") ?? "virginia",
      shield: body.shield === true,
      generation,
      cidr: text(body, "cidr") ?? "10.0.0.0/16",
      dataCidr: text(body, "data_cidr") ?? "10.1.0.0/16",
      state: "allocating",
      createdAt: now(),
    };
    state.spaces.push(made);
    world.later(world.delays.spaceAllocation, () => {
      made.state = "allocated";
    });
    return made;
  }

  return [
    {
      method: "GET",
      path: "/spaces",
      list: true,
      shows: "space",
      handle: (call) => {
        const mine = state.teams.filter((team) =>
          team.members.some((one) => one.email === call.account.email),
        );
        return answer(state.spaces.filter((one) => mine.some((team) => team.name === one.team)).map(show));
      },
    },
    { method: "POST", path: "/spaces", shows: "space", handle: (call) => answer(show(create(call)), 201) },
    { method: "GET", path: "/spaces/{space}", shows: "space", handle: (call) => answer(show(find(call))) },
    {
      method: "PATCH",
      path: "/spaces/{space}",
      shows: "space",
      handle: (call) => {
        const found = find(call);
        found.name = text(call.body, "name") ?? found.name;
        return answer(show(found));
      },
    },
    {
      method: "DELETE",
      path: "/spaces/{space}",
      shows: "space",
      handle: (call) => {
        const found = find(call);
        if (state.apps.some((app) => app.space === found.name))
          invalid("A space with apps cannot be deleted.");
        found.state = "deleting";
        remove(state.spaces, (one) => one === found);
        return answer(show(found));
      },
    },
    {
      method: "GET",
      path: "/spaces/{space}/dynos",
      handle: (call) => {
        const { name } = find(call);
        const inside = state.apps.filter((app) => app.space === name);
        return answer(
          inside.map((app) => ({
            app_id: app.id,
            app_name: app.name,
            dynos: app.dynos.map((dyno) => describeDyno(app, dyno)),
          })),
        );
      },
    },
    {
      method: "GET",
      path: "/spaces/{space}/nat",
      handle: (call) => {
        const { createdAt } = find(call);
        return answer({
          created_at: createdAt,
          sources: ["192.0.2.1"],
          state: "enabled",
          updated_at: createdAt,
        });
      },
    },
  ];
}

function describe(world: World, space: Space): unknown {
  const team = world.state.teams.find((one) => one.name === space.team);
  return {
    cidr: space.cidr,
    created_at: space.createdAt,
    data_cidr: space.dataCidr,
    generation: space.generation,
    id: space.id,
    name: space.name,
    organization: { name: space.team },
    region: regionRef(space.region),
    shield: space.shield,
    state: space.state,
    team: { id: team?.id ?? "", name: space.team },
    updated_at: space.createdAt,
  };
}
