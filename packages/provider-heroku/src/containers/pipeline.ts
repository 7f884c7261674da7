import { type AnyResource, type Context, DeployError, type Resource, type Scope } from "@deploy/core";
import { path } from "../api.js";
import type { HerokuApp, HerokuCoupling, HerokuPipeline } from "../api-types.js";
import { hasCode, unlessMissing } from "../errors.js";
import { idOf, providerName } from "../names.js";
import type { HerokuOptions, PipelineOptions } from "../options.js";
import { readApp } from "../reads.js";
import { appResource } from "../servers.js";
import { appOf, type Surroundings } from "../surroundings.js";

/** A pipeline, and the stage an app has in it. */
export interface PipelinePlace {
  readonly name: string;
  readonly stage: NonNullable<PipelineOptions["stage"]>;
}

/** The place of a scope in the pipeline of the options; undefined without one. Review apps get the stage `review`. */
function pipelineOf(options: Pick<HerokuOptions, "pipeline">, scope: Scope): PipelinePlace | undefined {
  const { pipeline } = options;
  if (pipeline === undefined) return undefined;
  const { name, stage } = typeof pipeline === "string" ? { name: pipeline, stage: undefined } : pipeline;
  return { name, stage: stage ?? stageOf(scope.environment) };
}

function stageOf(environment: string): PipelinePlace["stage"] {
  if (environment.startsWith("review/")) return "review";
  return environment === "staging" || environment === "production" ? environment : "development";
}

/** The app's place in its pipeline as a node of the plan; none without a pipeline. */
export function pipelineResources(own: Surroundings, scope: Scope): readonly AnyResource[] {
  const wanted = pipelineOf(own.options, scope);
  if (wanted === undefined) return [];
  const app = appOf(own, scope);
  const place: Resource<PipelinePlace, PipelinePlace> = {
    id: idOf("containers", app, "pipeline"),
    label: `place in the pipeline ${wanted.name}`,
    provider: providerName,
    element: "containers",
    desired: wanted,
    after: [appResource(own, scope) as AnyResource],
    async read(context) {
      const found = await readCoupling(own, context, app);
      return found === undefined ? undefined : { name: found.pipeline, stage: found.stage };
    },
    async create(context) {
      const [to, pipeline] = await Promise.all([
        own.api.get<HerokuApp>(context, path`/apps/${app}`),
        ensurePipeline(own, context, wanted.name),
      ]);
      await couple(own, context, to, pipeline, wanted.stage);
      return wanted;
    },
    async update(context, _desired, observed) {
      if (observed.name !== wanted.name) {
        throw new DeployError({
          code: "containers.other-pipeline",
          message: `${app} is in the pipeline ${observed.name}, and should be in ${wanted.name}.`,
          hint: `Take it out there first (heroku pipelines:remove --app ${app}).`,
        });
      }
      const to = await readApp(own, context, scope);
      const pipeline = await ensurePipeline(own, context, wanted.name);
      if (to !== undefined) await couple(own, context, to, pipeline, wanted.stage);
      return wanted;
    },
  };
  return [place as AnyResource];
}

async function readCoupling(
  own: Surroundings,
  context: Context,
  app: string,
): Promise<{ readonly pipeline: string; readonly stage: PipelinePlace["stage"] } | undefined> {
  const coupling = await findCoupling(own, context, app);
  if (coupling === undefined || coupling.stage === "test") return undefined;
  const pipeline = await own.api.get<HerokuPipeline>(context, path`/pipelines/${coupling.pipeline.id}`);
  return { pipeline: pipeline.name, stage: coupling.stage };
}

function findCoupling(own: Surroundings, context: Context, app: string): Promise<HerokuCoupling | undefined> {
  return unlessMissing(own.api.get<HerokuCoupling>(context, path`/apps/${app}/pipeline-couplings`));
}

/** The pipeline of this name, made when there is none. Names are looked up among those the account sees. */
async function ensurePipeline(own: Surroundings, context: Context, name: string): Promise<HerokuPipeline> {
  const find = (): Promise<HerokuPipeline | undefined> =>
    unlessMissing(own.api.get<HerokuPipeline>(context, path`/pipelines/${name}`));
  const found = await find();
  if (found !== undefined) return found;
  const { team } = own.options;
  const owner =
    team === undefined
      ? undefined
      : { id: (await own.api.get<{ id: string }>(context, path`/teams/${team}`)).id, type: "team" };
  try {
    return await own.api.post<HerokuPipeline>(context, "/pipelines", {
      name,
      ...(owner === undefined ? {} : { owner }),
    });
  } catch (error) {
    // Somebody was quicker, or an answer of our own was lost.
    const made = hasCode(error, "heroku.name-taken", "heroku.invalid", "heroku.cut", "heroku.timeout")
      ? await find()
      : undefined;
    if (made === undefined) throw error;
    return made;
  }
}

/** Puts an app at a stage of a pipeline; nothing is sent when it stands there already. */
async function couple(
  own: Surroundings,
  context: Context,
  app: Pick<HerokuApp, "id" | "name">,
  pipeline: HerokuPipeline,
  stage: PipelinePlace["stage"],
): Promise<void> {
  const present = await findCoupling(own, context, app.name);
  if (present === undefined) {
    await own.api.post(context, "/pipeline-couplings", { app: app.id, pipeline: pipeline.id, stage });
  } else if (present.pipeline.id === pipeline.id && present.stage !== stage) {
    await own.api.patch(context, path`/pipeline-couplings/${present.id}`, { stage });
  }
}
