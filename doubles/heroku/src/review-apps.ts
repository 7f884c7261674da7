import { randomBytes } from "node:crypto";
import type { Apps } from "./apps.js";
import { answer, type Call, invalid, notFound, part, type Route, text } from "./http.js";
import { newId, now } from "./ids.js";
import { appOf, findApp, remove } from "./lookup.js";
import type { Pipeline, ReviewApp } from "./pipeline-state.js";
import { findPipeline } from "./pipelines.js";
import type { Setup, Setups } from "./setups.js";
import type { World } from "./world.js";

/** Review apps, and how a pipeline makes them. */
export function reviewAppRoutes(world: World, apps: Apps, setups: Setups): Route[] {
  const { state } = world;
  const pipeline = (call: Call): Pipeline => findPipeline(world, call.params.pipeline ?? "");
  const find = (call: Call): ReviewApp =>
    state.reviewApps.find((one) => one.id === call.params.review) ?? notFound("review app");

  async function create(call: Call): Promise<ReviewApp> {
    const { body } = call;
    const found = findPipeline(world, text(body, "pipeline") ?? "");
    if (found.reviewConfig === undefined)
      invalid(`Review apps are not enabled on the pipeline ${found.name}.`);
    const branch = text(body, "branch") ?? invalid("A branch is required.");
    const blob = part(body, "source_blob");
    if (text(blob, "url") === undefined) invalid("source_blob[url] is required.");
    const base = String(found.reviewConfig?.base_name ?? found.name).slice(0, 20);
    const owner = found.owner?.type === "team" ? { team: found.owner.id } : {};
    const env = { HEROKU_BRANCH: branch, ...(part(body, "environment") as Record<string, string>) };
    const name = `${base}-pr-${randomBytes(2).toString("hex")}`;
    const setup = await setups.begin(call, { name, ...owner }, blob, env);
    const made: ReviewApp = {
      id: newId(),
      pipeline: found.id,
      app: setup.app.id,
      branch,
      prNumber: typeof body.pr_number === "number" ? body.pr_number : null,
      status: "creating",
      error: null,
      setup: setup.id,
      creator: call.account.id,
      createdAt: now(),
      updatedAt: now(),
    };
    state.reviewApps.push(made);
    state.couplings.push({
      id: newId(),
      app: setup.app.id,
      pipeline: found.id,
      stage: "review",
      createdAt: now(),
      updatedAt: now(),
    });
    watch(made, setup);
    return made;
  }

  function watch(review: ReviewApp, setup: Setup): void {
    if (setup.status === "pending") {
      world.later(20, () => watch(review, setup));
      return;
    }
    const status = setup.status === "succeeded" ? "created" : "errored";
    Object.assign(review, { status, error: setup.failure, updatedAt: now() });
  }

  async function destroy(call: Call): Promise<ReviewApp> {
    const review = find(call);
    const app = review.app === null ? undefined : findApp(world, review.app);
    if (app !== undefined) await apps.destroy(app, call);
    Object.assign(review, { status: "deleted", app: null, updatedAt: now() });
    remove(state.reviewApps, (one) => one === review);
    return review;
  }

  function configure(call: Call, isNew: boolean): unknown {
    const found = pipeline(call);
    if (!isNew && found.reviewConfig === undefined) notFound("review app config");
    if (isNew && found.reviewConfig !== undefined)
      invalid("Review apps are already enabled on this pipeline.");
    const usual = {
      repo: { id: 1 },
      automatic_review_apps: false,
      deploy_target: null,
      destroy_stale_apps: false,
      stale_days: 5,
      wait_for_ci: false,
      base_name: null,
    };
    const { repo: _, ...given } = call.body;
    found.reviewConfig = { ...usual, ...found.reviewConfig, ...given, pipeline_id: found.id };
    return found.reviewConfig;
  }

  const config = "/pipelines/{pipeline}/review-app-config";
  return [
    {
      method: "POST",
      path: "/review-apps",
      handle: async (call) => answer(describe(await create(call)), 201),
    },
    { method: "GET", path: "/review-apps/{review}", handle: (call) => answer(describe(find(call))) },
    {
      method: "DELETE",
      path: "/review-apps/{review}",
      handle: async (call) => answer(describe(await destroy(call))),
    },
    {
      method: "GET",
      path: "/pipelines/{pipeline}/review-apps",
      list: true,
      handle: (call) => {
        const { id } = pipeline(call);
        return answer(state.reviewApps.filter((one) => one.pipeline === id).map(describe));
      },
    },
    {
      method: "GET",
      path: "/apps/{app}/review-app",
      handle: (call) => {
        const { id } = appOf(world, call);
        const found = state.reviewApps.find((one) => one.app === id);
        return answer(found ? describe(found) : notFound("review app"));
      },
    },
    {
      method: "GET",
      path: config,
      handle: (call) => answer(pipeline(call).reviewConfig ?? notFound("review app config")),
    },
    { method: "POST", path: config, handle: (call) => answer(configure(call, true), 201) },
    { method: "PATCH", path: config, handle: (call) => answer(configure(call, false)) },
    {
      method: "DELETE",
      path: config,
      handle: (call) => {
        const found = pipeline(call);
        const before = found.reviewConfig ?? notFound("review app config");
        found.reviewConfig = undefined;
        return answer(before);
      },
    },
  ];
}

function describe(review: ReviewApp): unknown {
  return {
    app: review.app === null ? null : { id: review.app },
    app_setup: review.setup === null ? null : { id: review.setup },
    branch: review.branch,
    created_at: review.createdAt,
    creator: { id: review.creator },
    error_status: review.error,
    fork_repo: null,
    id: review.id,
    message: null,
    pipeline: { id: review.pipeline },
    pr_number: review.prNumber,
    status: review.status,
    updated_at: review.updatedAt,
    wait_for_ci: false,
  };
}
