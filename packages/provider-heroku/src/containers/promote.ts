import { type Context, DeployError, type Scope } from "@deploy/core";
import { path } from "../api.js";
import type { HerokuApp, HerokuPromotion, HerokuPromotionTarget, HerokuRelease } from "../api-types.js";
import { hasCode } from "../errors.js";
import { appOf, type Surroundings } from "../surroundings.js";
import { couple, ensurePipeline, pipelineOf } from "./pipeline.js";
import { codeOrigin } from "./release-history.js";
import { listReleases } from "./settle-release.js";

const lookMs = 1_000;
const longestMs = 70 * 60_000;

/**
 * Promotes a release of another app through the pipeline: Heroku copies what was built, and runs this app's release
 * command with this app's config.
 *
 * A promotion has only succeeded once its target says so: the call itself succeeds in any case.
 *
 * @returns the release that came of it.
 * @throws `containers.promotion-failed` with what Heroku says about the target.
 */
export async function promoteRelease(
  own: Surroundings,
  context: Context,
  scope: Scope,
  source: { readonly app: string; readonly version: number },
): Promise<HerokuRelease> {
  const app = appOf(own, scope);
  const wanted = pipelineOf(own.options, scope);
  if (wanted === undefined) throw noPipeline(app);
  const get = (name: string): Promise<HerokuApp> => own.api.get<HerokuApp>(context, path`/apps/${name}`);
  const [from, to, pipeline, release] = await Promise.all([
    get(source.app),
    get(app),
    ensurePipeline(own, context, wanted.name),
    own.api.get<HerokuRelease>(context, path`/apps/${source.app}/releases/${source.version}`, {
      version: "3.sdk",
    }),
  ]);
  await couple(own, context, to, pipeline, wanted.stage);
  const before = await listReleases(own, context, scope);
  const running = before.find((one) => one.status === "pending" && codeOrigin(one) === "promotion");
  if (running !== undefined) return running;
  const newest = before[0]?.version ?? 0;
  const promotion = await own.api
    .post<HerokuPromotion>(context, "/pipeline-promotions", {
      pipeline: { id: pipeline.id },
      source: { app: { id: from.id }, release: { id: release.id } },
      targets: [{ app: { id: to.id } }],
    })
    .catch((error: unknown) => {
      throw hasCode(error, "heroku.invalid") ? refused(app, error) : error;
    });
  const target = await settleTarget(own, context, promotion, to);
  if (target.release !== null) {
    return own.api.get<HerokuRelease>(context, path`/apps/${app}/releases/${target.release.id}`, {
      version: "3.sdk",
    });
  }
  const made = (await listReleases(own, context, scope)).find(
    (one) => one.version > newest && codeOrigin(one) === "promotion",
  );
  if (made === undefined) throw failed(app, "it made no release");
  return made;
}

async function settleTarget(
  own: Surroundings,
  context: Context,
  promotion: HerokuPromotion,
  to: HerokuApp,
): Promise<HerokuPromotionTarget> {
  const until = context.clock.now() + longestMs;
  for (;;) {
    const targets = await own.api.list<HerokuPromotionTarget>(
      context,
      path`/pipeline-promotions/${promotion.id}/promotion-targets`,
    );
    const target = targets.find((one) => one.app.id === to.id);
    if (target?.status === "succeeded") return target;
    // A target that has made its release is decided by that release, whose output and reason are better.
    if (target?.status === "failed" && target.release !== null) return target;
    if (target?.status === "failed") throw failed(to.name, target.error_message ?? "Heroku gives no reason");
    if (context.clock.now() > until) throw failed(to.name, "it has not ended within 70 minutes");
    context.log("Waiting for Heroku to promote the release.");
    await context.clock.sleep(lookMs, context.signal);
  }
}

function failed(app: string, why: string): DeployError {
  return new DeployError({
    code: "containers.promotion-failed",
    message: `The promotion to ${app} failed: ${why}.`,
    hint: "Mend what Heroku says, and promote again; what served before goes on serving.",
  });
}

/** Heroku's documentation says that it does not promote apps of the container stack (heroku/roadmap#222, open). */
function refused(app: string, cause: DeployError): DeployError {
  return new DeployError({
    code: "containers.promotion-failed",
    message: `Heroku does not promote to ${app} what it has built from a Dockerfile itself: ${cause.message}`,
    hint: 'Build here instead: heroku({ build: "here" }) promotes by copying the image in the registry.',
    docs: "https://github.com/heroku/roadmap/issues/222",
    cause,
  });
}

function noPipeline(app: string): DeployError {
  return new DeployError({
    code: "containers.no-pipeline",
    message: `${app} is in no pipeline, through which alone Heroku promotes what it has built itself.`,
    hint: 'Set "pipeline" of heroku() in both environments.',
    docs: "https://devcenter.heroku.com/articles/pipelines",
  });
}
