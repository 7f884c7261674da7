import { stackRef } from "./account.js";
import { currentRelease } from "./dynos.js";
import { answer, type Call, identity, invalid, notFound, part, type Route, refuse, text } from "./http.js";
import { fixedId, newId, now } from "./ids.js";
import { appOf, findApp, permissionsOf, remove } from "./lookup.js";
import type { Coupling, Pipeline } from "./pipeline-state.js";
import { describeRelease } from "./releases.js";
import type { World } from "./world.js";

/** Pipelines, and which app is at which stage of one. */
export function pipelineRoutes(world: World): Route[] {
  const { state } = world;
  const couplingsOf = (pipeline: Pipeline): Coupling[] =>
    state.couplings.filter((one) => one.pipeline === pipeline.id);

  /** Whoever made a pipeline, belongs to its team, or may see one of its apps sees it. */
  function visible(call: Call, pipeline: Pipeline): boolean {
    const { account } = call;
    const team = state.teams.find((one) => one.id === pipeline.owner?.id);
    if (pipeline.owner === null || pipeline.owner.id === account.id) return true;
    if (team?.members.some((one) => one.email === account.email)) return true;
    return couplingsOf(pipeline).some((one) => {
      const app = findApp(world, one.app);
      return app !== undefined && permissionsOf(world, app, account).length > 0;
    });
  }

  const find = (call: Call, name = call.params.pipeline ?? ""): Pipeline =>
    findPipeline(world, name, (one) => visible(call, one));
  const coupling = (call: Call): Coupling =>
    state.couplings.find((one) => one.id === call.params.coupling) ?? notFound("pipeline coupling");

  function create(call: Call): Pipeline {
    const name = text(call.body, "name") ?? "";
    if (!/^[a-z][a-z0-9-]{2,29}$/.test(name)) invalid("Name is invalid.");
    const owner = part(call.body, "owner");
    const type = text(owner, "type") === "team" ? "team" : "user";
    const made = {
      id: newId(),
      name,
      owner: { id: text(owner, "id") ?? call.account.id, type } as const,
      reviewConfig: undefined,
      createdAt: now(),
      updatedAt: now(),
    };
    state.pipelines.push(made);
    return made;
  }

  function couple(call: Call): Coupling {
    const app = appOf(world, call, "deploy", identity(call.body, "app") ?? "");
    const pipeline = find(call, identity(call.body, "pipeline"));
    if (state.couplings.some((one) => one.app === app.id))
      invalid(`App ${app.name} is already added to a pipeline.`);
    const stage = text(call.body, "stage") ?? invalid("A stage is required.");
    const made = {
      id: newId(),
      app: app.id,
      pipeline: pipeline.id,
      stage,
      createdAt: now(),
      updatedAt: now(),
    };
    state.couplings.push(made);
    return made;
  }

  const latest = (call: Call): unknown =>
    couplingsOf(find(call)).flatMap((one) => {
      const app = findApp(world, one.app);
      const release = app && currentRelease(app);
      return app && release ? [describeRelease(world, app, release)] : [];
    });

  const one = "/pipelines/{pipeline}";
  return [
    {
      method: "GET",
      path: "/pipelines",
      list: true,
      handle: (call) => answer(state.pipelines.filter((item) => visible(call, item)).map(describe)),
    },
    { method: "POST", path: "/pipelines", handle: (call) => answer(describe(create(call)), 201) },
    { method: "GET", path: one, handle: (call) => answer(describe(find(call))) },
    {
      method: "PATCH",
      path: one,
      handle: (call) => {
        const found = find(call);
        found.name = text(call.body, "name") ?? found.name;
        found.updatedAt = now();
        return answer(describe(found));
      },
    },
    {
      method: "DELETE",
      path: one,
      handle: (call) => {
        const found = find(call);
        remove(state.pipelines, (item) => item === found);
        remove(state.couplings, (item) => item.pipeline === found.id);
        return answer(describe(found));
      },
    },
    {
      method: "GET",
      path: `${one}/pipeline-couplings`,
      list: true,
      handle: (call) => answer(couplingsOf(find(call)).map(describeCoupling)),
    },
    {
      method: "GET",
      path: `${one}/latest-releases`,
      list: true,
      shows: "release",
      handle: (call) => answer(latest(call)),
    },
    {
      method: "GET",
      path: `${one}/pipeline-stack`,
      handle: (call) => {
        find(call);
        return answer({ stack: stackRef("container") });
      },
    },
    {
      method: "GET",
      path: "/pipeline-couplings",
      list: true,
      handle: (call) =>
        answer(
          state.couplings
            .filter((item) => {
              const app = findApp(world, item.app);
              return app !== undefined && permissionsOf(world, app, call.account).length > 0;
            })
            .map(describeCoupling),
        ),
    },
    {
      method: "POST",
      path: "/pipeline-couplings",
      handle: (call) => answer(describeCoupling(couple(call)), 201),
    },
    {
      method: "GET",
      path: "/pipeline-couplings/{coupling}",
      handle: (call) => answer(describeCoupling(coupling(call))),
    },
    {
      method: "PATCH",
      path: "/pipeline-couplings/{coupling}",
      handle: (call) => {
        const found = coupling(call);
        found.stage = text(call.body, "stage") ?? found.stage;
        found.updatedAt = now();
        return answer(describeCoupling(found));
      },
    },
    {
      method: "DELETE",
      path: "/pipeline-couplings/{coupling}",
      handle: (call) => {
        const found = coupling(call);
        remove(state.couplings, (item) => item === found);
        return answer(describeCoupling(found));
      },
    },
    {
      method: "GET",
      path: "/apps/{app}/pipeline-couplings",
      handle: (call) => {
        const { id } = appOf(world, call);
        const found = state.couplings.find((item) => item.app === id);
        return answer(found ? describeCoupling(found) : notFound("pipeline coupling"));
      },
    },
  ];
}

/** A pipeline by its id, or by a name which only one of those that can be seen has. */
export function findPipeline(
  world: World,
  name: string,
  visible: (pipeline: Pipeline) => boolean = () => true,
): Pipeline {
  const seen = world.state.pipelines.filter((one) => (one.id === name || one.name === name) && visible(one));
  if (seen.length > 1)
    refuse(422, "multiple_matches", `More than one pipeline is called ${name}: use its id.`);
  return seen[0] ?? notFound("pipeline");
}

function describe(pipeline: Pipeline): unknown {
  return {
    created_at: pipeline.createdAt,
    generation: { id: fixedId("generation cedar"), name: "cedar" },
    id: pipeline.id,
    name: pipeline.name,
    owner: pipeline.owner,
    updated_at: pipeline.updatedAt,
  };
}

function describeCoupling(coupling: Coupling): unknown {
  return {
    app: { id: coupling.app },
    created_at: coupling.createdAt,
    id: coupling.id,
    pipeline: { id: coupling.pipeline },
    stage: coupling.stage,
    updated_at: coupling.updatedAt,
  };
}
