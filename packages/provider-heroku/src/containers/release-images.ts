import { type Context, DeployError, type Scope } from "@deploy/core";
import { path } from "../api.js";
import type { HerokuRelease } from "../api-types.js";
import { baseRepository, registryOf } from "../images/images.js";
import { parseLocation } from "../images/locations.js";
import { deriveImage, type StoredImage } from "../images/registry.js";
import { appOf, type Surroundings } from "../surroundings.js";
import { argumentsOf } from "./command-line.js";
import { contentLabel, labelsOf, originLabel } from "./labels.js";
import { codeOrigin, imagesIn } from "./release-history.js";
import { listReleases } from "./settle-release.js";
import type { Wanted } from "./wanted.js";

/** Label of an image that is released once more although it failed: another image to Heroku, the same to all else. */
const againLabel = "deploy.again";

interface TypedImage {
  readonly type: string;
  readonly image: StoredImage;
}

/**
 * Releases an image that is in the registry: one image per process type with its own command, and `release` with the
 * release command, all in one PATCH of the formation. Types that are no longer declared go with it.
 *
 * Heroku runs the CMD of each image; it reads neither Procfile nor heroku.yml on this path. The images share all layers.
 *
 * @returns the release that came of it; undefined when Heroku ran exactly that already.
 */
export async function releaseImages(
  own: Surroundings,
  context: Context,
  scope: Scope,
  wanted: Wanted,
  presentTypes: readonly string[],
): Promise<HerokuRelease | undefined> {
  const app = appOf(own, scope);
  const registry = registryOf(own, context);
  const base = await findBase(own, context, app, wanted);
  const before = await listReleases(own, context, scope);
  let images = typedImages(base, wanted);
  const equal = newestOf(before, images);
  if (equal?.status === "pending") {
    context.log(`Release v${equal.version} of the same image is under way already.`);
    return equal;
  }
  // Heroku makes no release of an image it has been given before: one that failed needs another id.
  if (equal !== undefined && equal.status !== "succeeded") images = typedImages(base, wanted, equal.version);

  for (const { type, image } of images) {
    const tags = ["latest", tagOf(image)];
    context.log(`Putting the image of ${type} into ${registry.host}/${app}/${type}.`);
    await registry.put(context, `${app}/${type}`, tags, image);
  }
  const gone = presentTypes.filter((type) => !images.some((one) => one.type === type));
  const updates = [
    ...images.map(({ type, image }) => ({ type, docker_image: image.manifest.config.digest })),
    ...gone.map((type) => ({ type, docker_image: null })),
  ];
  const newest = before[0]?.version ?? 0;
  await own.api
    .patch(context, path`/apps/${app}/formation`, { updates }, { version: "3.docker-releases" })
    .catch(async (error: unknown) => {
      // The answer was lost, perhaps: what counts is whether there is a release of these images now.
      if (
        DeployError.is(error) &&
        error.retryable &&
        (await appeared(own, context, scope, newest, images, 3)) !== undefined
      )
        return;
      throw error;
    });
  return appeared(own, context, scope, newest, images, 5);
}

/** The images of a release by type, made of the image of the app. */
function typedImages(base: StoredImage, wanted: Wanted, again?: number): readonly TypedImage[] {
  const { digest, origin, processes, releaseCommand } = wanted;
  const labels = {
    [contentLabel]: digest,
    [originLabel]: JSON.stringify(labelsOf(base).origin ?? origin),
    ...(again === undefined ? {} : { [againLabel]: String(again) }),
  };
  const types = processes.map((process) => ({ type: process.name, command: argumentsOf(process) }));
  if (releaseCommand !== undefined)
    types.push({ type: "release", command: argumentsOf({ command: releaseCommand }) });
  return types.map(({ type, command }) => ({ type, image: deriveImage(base, { command, labels }) }));
}

/** The first twelve digits of an image's id, as Heroku names it in `Deployed web (142013fe2b5c)`. */
function tagOf(image: StoredImage): string {
  return image.manifest.config.digest.slice(7, 19);
}

/** The newest release of code, when it is of these images. */
function newestOf(
  releases: readonly HerokuRelease[],
  images: readonly TypedImage[],
): HerokuRelease | undefined {
  const newest = releases.find((release) => codeOrigin(release) !== undefined);
  return newest !== undefined && isOf(newest, images) ? newest : undefined;
}

function isOf(release: HerokuRelease, images: readonly TypedImage[]): boolean {
  const named = imagesIn(release.description);
  return (
    codeOrigin(release) === "images" &&
    named.length > 0 &&
    named.every((beginning) =>
      images.some(({ image }) => image.manifest.config.digest.startsWith(`sha256:${beginning}`)),
    )
  );
}

/**
 * The release of these images that is newer than `newest`. Another writer's release is not taken for ours; Heroku's lists
 * lag behind its writes for a moment, hence the looks.
 */
async function appeared(
  own: Surroundings,
  context: Context,
  scope: Scope,
  newest: number,
  images: readonly TypedImage[],
  looks: number,
): Promise<HerokuRelease | undefined> {
  for (let look = 1; ; look += 1) {
    const releases = await listReleases(own, context, scope);
    const made = releases.find((release) => release.version > newest && isOf(release, images));
    if (made !== undefined || look >= looks) return made;
    await context.clock.sleep(400 * look, context.signal);
  }
}

/** The image to derive from: in the app's own repository, or in that of the app it is promoted from. */
async function findBase(
  own: Surroundings,
  context: Context,
  app: string,
  wanted: Wanted,
): Promise<StoredImage> {
  const registry = registryOf(own, context);
  const location = parseLocation(wanted.location);
  const elsewhere = location === undefined || location.kind === "source" ? [] : [location.app];
  const repositories = [app, ...elsewhere].flatMap((name) => [
    baseRepository(name),
    ...wanted.processes.map((process) => `${name}/${process.name}`),
  ]);
  for (const repository of new Set(repositories)) {
    const found = await registry.find(context, repository, "latest");
    if (found !== undefined && labelsOf(found).content === wanted.digest) return found;
  }
  throw new DeployError({
    code: "images.unknown",
    message: `The image ${wanted.digest.slice(0, 19)} is no longer the newest of any repository of ${app}.`,
    hint: "Somebody pushed another one meanwhile: run again, and it is built anew.",
    retryable: true,
  });
}
