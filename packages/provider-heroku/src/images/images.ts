import {
  type AnyResource,
  type Context,
  DeployError,
  type ImagePlan,
  type ImageReference,
  type Images,
  mapOut,
  output,
  type Resource,
  redact,
  type Scope,
} from "@deploy/core";
import { path } from "../api.js";
import { contentLabel, labelsOf } from "../containers/labels.js";
import { endpointOf } from "../endpoints.js";
import { hasCode, unlessMissing } from "../errors.js";
import { idOf, providerName } from "../names.js";
import { appResource } from "../servers.js";
import { appOf, type Surroundings } from "../surroundings.js";
import { buildAndPush } from "./docker.js";
import { readSource } from "./hash-context.js";
import { parseLocation, writeLocation } from "./locations.js";
import { createRegistry, type Registry, type StoredImage } from "./registry.js";
import type { Source, Sources } from "./sources.js";

/** The repository of an app that holds the image its processes are derived from; its `web` runs it in the end. */
export function baseRepository(app: string): string {
  return `${app}/web`;
}

/** The registry of this context. */
export function registryOf(own: Surroundings, context: Context): Registry {
  return createRegistry({
    url: endpointOf("registry", own.options.endpoints, context.env),
    token: async (asked) => redact((await own.api.token(asked)).token),
  });
}

/** The newest image of a repository, looked up once per plan. */
export function readLatest(
  own: Surroundings,
  context: Context,
  repository: string,
): Promise<StoredImage | undefined> {
  return context.shared(`heroku/registry/${repository}`, async () => {
    try {
      return await registryOf(own, context).find(context, repository, "latest");
    } catch (error) {
      if (!hasCode(error, "images.forbidden")) throw error;
      // It denies access to repositories of apps that do not exist as well.
      const [app = ""] = repository.split("/");
      if ((await unlessMissing(own.api.get(context, path`/apps/${app}`))) !== undefined) throw error;
      return undefined;
    }
  });
}

/** Element two: images built here and pushed, or sources that Heroku builds as it releases them. */
export function createImages(own: Surroundings, sources: Sources): Images {
  const there = own.options.build === "there";
  return {
    capabilities: {
      dockerfile: true,
      buildCommand: { no: "Heroku runs images: what builds the app belongs into its Dockerfile" },
      promotion: there
        ? {
            no: 'Heroku does not promote what it has built from a Dockerfile: with `build: "here"` the same image is copied from app to app',
            link: "https://github.com/heroku/roadmap/issues/222",
          }
        : true,
    },
    async image(context, scope, wanted) {
      if (wanted.kind === "existing") return existing(own, context, wanted.image, sources);
      const salt = there ? "heroku" : "docker";
      const source = await readSource(context, wanted.build, { atHeroku: there, salt });
      const { digest } = source;
      sources.set(digest, { context: source, build: wanted.build });
      if (there) {
        const image: ImageReference = { digest, location: "source" };
        return { resources: [], image: mapOut(image, (one) => one) };
      }
      return builtHere(own, scope, { context: source, build: wanted.build });
    },
  };
}

function builtHere(own: Surroundings, scope: Scope, source: Source): ImagePlan {
  const app = appOf(own, scope);
  const { digest } = source.context;
  const find = async (context: Context): Promise<ImageReference | undefined> => {
    const found = await readLatest(own, context, baseRepository(app));
    if (found === undefined || labelsOf(found).content !== digest) return undefined;
    return reference(own, context, app, digest);
  };
  const image: Resource<{ digest: string }, ImageReference> = {
    id: idOf("images", app, digest.slice(7, 19)),
    label: `image ${digest.slice(7, 19)}`,
    provider: providerName,
    element: "images",
    verb: "build",
    desired: { digest },
    // The registry knows no repository of an app that is not there yet.
    after: [appResource(own, scope) as AnyResource],
    read: find,
    async create(context) {
      const registry = registryOf(own, context);
      const { token } = await own.api.token(context);
      await buildAndPush(context, {
        source: source.context,
        build: source.build,
        labels: { [contentLabel]: digest },
        name: `${registry.host}/${baseRepository(app)}:latest`,
        registry: registry.host,
        token: redact(token),
      });
      return reference(own, context, app, digest);
    },
  };
  return { resources: [image as AnyResource], image: output(image, (found) => found) };
}

function reference(own: Surroundings, context: Context, app: string, digest: string): ImageReference {
  const { host } = new URL(endpointOf("registry", own.options.endpoints, context.env));
  const repository = baseRepository(app);
  return { digest, location: writeLocation({ kind: "registry", app, repository }, host) };
}

/** An image that was released, or pushed, before: looked up at once, since a plan without it is none. */
async function existing(
  own: Surroundings,
  context: Context,
  image: ImageReference,
  sources: Sources,
): Promise<ImagePlan> {
  const plan: ImagePlan = { resources: [], image: mapOut(image, (one) => one) };
  const location = parseLocation(image.location);
  if (location?.kind === "release") {
    const { app, version } = location;
    const found = await unlessMissing(
      own.api.get<unknown>(context, path`/apps/${app}/releases/${version}`, { version: "3.sdk" }),
    );
    if (found !== undefined) return plan;
  }
  if (location?.kind === "registry") {
    const found = await readLatest(own, context, location.repository);
    if (found !== undefined && labelsOf(found).content === image.digest) return plan;
  }
  if (location?.kind === "source" && sources.has(image.digest)) return plan;
  throw new DeployError({
    code: "images.unknown",
    message: `Heroku does not hold the image ${image.digest.slice(0, 19)} any more.`,
    hint: "Images of releases that are older than 30 days and not among the last 20 are deleted: deploy the source again.",
    docs: "https://devcenter.heroku.com/articles/releases",
  });
}
