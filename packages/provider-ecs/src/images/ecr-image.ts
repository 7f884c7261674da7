import {
  type Context,
  DeployError,
  type ImagePlan,
  type ImageReference,
  output,
  type ResolvedBuild,
  type Resource,
  type Scope,
} from "@deploy/core";
import { unlessGone } from "../errors.js";
import { buildStream, failedBuildStream } from "../logs/build-streams.js";
import { providerName } from "../names.js";
import type { Parts } from "../parts.js";
import { ecsResource } from "../resources.js";
import { type BuildOptions, buildImage, pushImage, untagImage } from "./build.js";
import { type BuildContext, readBuildContext } from "./build-context.js";
import { keepOutput } from "./build-output.js";
import { ecrLogin, effectiveUri, standInHost } from "./ecr-access.js";
import { type RepositoryObserved, repository, repositoryName } from "./ecr-repository.js";

/** An image as it is in the app's repository. */
export interface EcrImage extends ImageReference {
  readonly tags: readonly string[];
}

interface ImageDesired {
  readonly tag: string;
  /** Where it goes: known once there is a repository. */
  readonly repository: string;
}

/** The tag of a build: what it was made of, and for which processor. Equal tags are equal builds. */
export function contentTag(context: Pick<BuildContext, "hash">, architecture: string): string {
  return `src-${context.hash.slice(0, 40)}-${architecture}`;
}

/** The processor that a tag of ours names; undefined for tags of others. */
export function architectureOfTags(tags: readonly string[]): string | undefined {
  return tags.map((tag) => /^src-[0-9a-f]{40}-(\w+)$/.exec(tag)?.[1]).find((one) => one !== undefined);
}

/** The id of an image's resource. It belongs to the app, not to an environment. */
export function imageId(parts: Pick<Parts, "settings">, scope: Scope, name: string): string {
  return [providerName, "images", parts.settings.region, scope.app, "image", name].join("/");
}

/**
 * The image of a build context: built and pushed to the app's repository, unless it is there. One call where it is.
 *
 * @throws what {@link readBuildContext} throws.
 */
export async function builtImage(
  parts: Parts,
  context: Context,
  scope: Scope,
  build: ResolvedBuild,
  options: BuildOptions,
): Promise<ImagePlan> {
  const { architecture } = parts.settings.capacity;
  const source = await readBuildContext(context.directory, build, `linux/${architecture}`, context.signal);
  const tag = contentTag(source, architecture);
  const place = repository(parts, scope);
  const image = ecsResource<ImageDesired, EcrImage>("images", {
    id: imageId(parts, scope, tag),
    label: `image ${source.hash.slice(0, 12)}`,
    verb: "build",
    desired: { tag, repository: output(place, (observed: RepositoryObserved) => observed.uri) },
    read: (own) => findImage(parts, own, scope, { imageTag: tag }),
    diff: () => [],
    create: async (own, desired) => {
      const reference = `${effectiveUri(parts, own, desired.repository)}:${tag}`;
      const output = keepOutput(own);
      const request = { context: source, build, options, architecture, reference };
      await buildImage(output.context, request).catch(async (error: unknown) => {
        await output.store(parts, scope, failedBuildStream(tag));
        throw error;
      });
      const login = await ecrLogin(parts, own, reference.slice(0, reference.indexOf("/")));
      try {
        await pushImage(own, reference, login);
      } catch (error) {
        // Somebody has pushed the same at the same time, or the answer was lost: tags cannot be moved, so it is the one.
        const there = await findImage(parts, own, scope, { imageTag: tag }).catch(() => undefined);
        if (there === undefined) throw error;
      }
      await untagImage(own, reference);
      const there = await pushed(parts, own, scope, tag);
      await output.store(parts, scope, buildStream(there.digest));
      return there;
    },
  });
  return { resources: [place, image] as Resource[], image: output(image, referenceOf) };
}

/** An image without what only this package needs to know of it. */
export function referenceOf({ digest, location }: ImageReference): ImageReference {
  return { digest, location };
}

/** An image of the app's repository by tag or digest; undefined when there is none, or no repository. */
export async function findImage(
  parts: Pick<Parts, "settings" | "clients">,
  context: Context,
  scope: Scope,
  wanted: { readonly imageTag: string } | { readonly imageDigest: string },
): Promise<EcrImage | undefined> {
  const input = { repositoryName: repositoryName(scope), imageIds: [wanted] };
  const answer = await unlessGone(parts.clients.send(context, "ecr", "DescribeImages", input));
  const found = answer?.imageDetails?.[0];
  if (found?.imageDigest === undefined) return undefined;
  const suffix = parts.settings.region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  const own = `${found.registryId}.dkr.ecr.${parts.settings.region}.${suffix}`;
  const host = standInHost(parts, context) ?? own;
  return {
    digest: found.imageDigest,
    location: `${host}/${repositoryName(scope)}@${found.imageDigest}`,
    tags: found.imageTags ?? [],
  };
}

/** Right after a push, ECR may not know the image for a moment. */
async function pushed(parts: Parts, context: Context, scope: Scope, tag: string): Promise<EcrImage> {
  for (let attempt = 1; attempt <= 6; attempt += 1) {
    const found = await findImage(parts, context, scope, { imageTag: tag });
    if (found !== undefined) return found;
    await context.clock.sleep(attempt * 250, context.signal);
  }
  throw new DeployError({
    code: "images.push-unseen",
    message: `The image was pushed to ${repositoryName(scope)}, and ECR does not show it.`,
    hint: "Run the same again: the build is not repeated once ECR shows it.",
    retryable: true,
  });
}
