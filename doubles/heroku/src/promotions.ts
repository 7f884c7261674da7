import { currentRelease } from "./dynos.js";
import { answer, type Call, invalid, notFound, part, parts, type Route, text } from "./http.js";
import { newId, now } from "./ids.js";
import { appOf, findApp } from "./lookup.js";
import type { Promotion } from "./pipeline-state.js";
import { findPipeline } from "./pipelines.js";
import type { Releases } from "./releases.js";
import type { World } from "./world.js";

/** Promotions: what one app runs is released to the next ones of its pipeline, without a build. */
export function promotionRoutes(world: World, releases: Releases): Route[] {
  const { state } = world;
  const find = (call: Call): Promotion =>
    state.promotions.find((one) => one.id === call.params.promotion) ?? notFound("pipeline promotion");

  function create(call: Call): Promotion {
    const { body } = call;
    const pipeline = findPipeline(world, text(part(body, "pipeline"), "id") ?? "");
    const source = part(body, "source");
    const from = appOf(world, call, "view", text(part(source, "app"), "id") ?? "");
    const coupled = (app: string): boolean =>
      state.couplings.some((one) => one.app === app && one.pipeline === pipeline.id);
    const asked = text(part(source, "release"), "id");
    const release =
      asked === undefined ? currentRelease(from) : from.releases.find((one) => one.id === asked);
    if (release?.artifact === undefined)
      return invalid(`${from.name} has no release that could be promoted.`);
    if (!coupled(from.id)) invalid(`${from.name} is not in the pipeline ${pipeline.name}.`);
    const ids = parts(body, "targets").map((one) => text(part(one, "app"), "id") ?? "");
    const targets = ids.map((id) => appOf(world, call, "deploy", id));
    const stray = targets.find((app) => !coupled(app.id) || app === from);
    if (stray !== undefined || targets.length === 0)
      invalid("Each target must be another app of the pipeline.");
    const made: Promotion = {
      id: newId(),
      pipeline: pipeline.id,
      source: { app: from.id, release: release.id },
      status: "pending",
      targets: targets.map((app) => ({
        id: newId(),
        app: app.id,
        status: "pending",
        release: null,
        error: null,
      })),
      createdAt: now(),
      updatedAt: now(),
    };
    state.promotions.push(made);
    const { artifact } = release;
    const work = (): void => {
      for (const target of made.targets) {
        const app = findApp(world, target.app);
        if (app === undefined || app.buildStack !== from.buildStack)
          Object.assign(target, { status: "failed", error: "The apps do not have the same stack." });
        else {
          const description = `Promote ${from.name} v${release.version} ${(artifact.commit ?? artifact.id).slice(0, 8)}`;
          const promoted = releases.create(app, call.account, { description, artifact });
          // A promotion has done its part when the release is made; the release's own command may still fail.
          Object.assign(target, { status: "succeeded", release: promoted.id });
        }
      }
      made.status = "completed";
      made.updatedAt = now();
    };
    if (world.delays.promotion === 0) work();
    else world.later(world.delays.promotion, work);
    return made;
  }

  return [
    { method: "POST", path: "/pipeline-promotions", handle: (call) => answer(describe(create(call)), 201) },
    {
      method: "GET",
      path: "/pipeline-promotions/{promotion}",
      handle: (call) => answer(describe(find(call))),
    },
    {
      method: "GET",
      path: "/pipeline-promotions/{promotion}/promotion-targets",
      list: true,
      handle: (call) => {
        const { id, targets } = find(call);
        return answer(
          targets.map((one) => ({
            app: { id: one.app },
            error_message: one.error,
            id: one.id,
            pipeline_promotion: { id },
            release: one.release === null ? null : { id: one.release },
            status: one.status,
          })),
        );
      },
    },
  ];
}

function describe(promotion: Promotion): unknown {
  const { app, release } = promotion.source;
  return {
    created_at: promotion.createdAt,
    id: promotion.id,
    pipeline: { id: promotion.pipeline },
    source: { app: { id: app }, release: { id: release } },
    status: promotion.status,
    updated_at: promotion.updatedAt,
  };
}
