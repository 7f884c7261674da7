import {
  type Context,
  type ImagePlan,
  type ImageReference,
  output,
  type Resource,
  type Scope,
} from "@deploy/core";
import type { Parts } from "../parts.js";
import { ecsResource } from "../resources.js";
import { ecrRegistry, parseEcrHost, standInHost } from "./ecr-access.js";
import { architectureOfTags, type EcrImage, findImage, imageId, referenceOf } from "./ecr-image.js";
import { type RepositoryObserved, repository, repositoryName } from "./ecr-repository.js";
import { createRegistry, type Registry } from "./oci/client.js";
import { copyImage, unknownImage } from "./oci/copy.js";
import { architecturesOf, wrongArchitecture } from "./oci/platform.js";
import { parseLocation } from "./oci/reference.js";

/**
 * An image that exists: of an earlier release, or of another environment, account, region or registry.
 *
 * What the app's repository holds already is used as it is; anything else is copied there by its digest, without an
 * engine. That it is there, and for the right processor, is found out here, before anything is changed.
 *
 * @throws `images.unknown`, `images.wrong-architecture`, `images.bad-reference`.
 */
export async function existingImage(
  parts: Parts,
  context: Context,
  scope: Scope,
  image: ImageReference,
): Promise<ImagePlan> {
  const { digest } = image;
  const find = (own: Context): Promise<EcrImage | undefined> =>
    findImage(parts, own, scope, { imageDigest: digest });
  const here = await find(context);
  const source = parseLocation(image.location);
  const { architecture } = parts.settings.capacity;
  const named = here === undefined ? undefined : architectureOfTags(here.tags);
  if (named === undefined) {
    // Not here, or pushed by somebody else: the image itself has to be asked.
    const at = parseLocation(here?.location ?? image.location);
    const registry = await openRegistry(parts, context, at.host);
    const manifest = await registry.manifest(at.repository, digest);
    if (manifest === undefined) throw unknownImage(image.location);
    const has = await architecturesOf(registry, at.repository, manifest);
    if (!has.includes(architecture)) throw wrongArchitecture(image.location, has, architecture);
  } else if (named !== architecture) {
    throw wrongArchitecture(image.location, [named], architecture);
  }

  const place = repository(parts, scope);
  const resource = ecsResource<{ readonly digest: string; readonly repository: string }, EcrImage>("images", {
    id: imageId(parts, scope, digest.slice(7, 47)),
    label: `image ${digest.slice(7, 19)}`,
    verb: "copy",
    desired: { digest, repository: output(place, (observed: RepositoryObserved) => observed.uri) },
    read: find,
    diff: () => [],
    create: async (own, desired) => {
      const host = standInHost(parts, own) ?? desired.repository.slice(0, desired.repository.indexOf("/"));
      const [from, to] = await Promise.all([
        openRegistry(parts, own, source.host),
        openRegistry(parts, own, host),
      ]);
      const tag = `copy-${digest.slice(7, 47)}-${architecture}`;
      const there = { registry: to, repository: repositoryName(scope) };
      // A tag keeps it from being removed as an image that nothing names.
      await copyImage({ registry: from, repository: source.repository }, there, digest, tag);
      const copied = await find(own);
      if (copied === undefined) throw unknownImage(`${host}/${repositoryName(scope)}@${digest}`);
      return copied;
    },
  });
  return { resources: [place, resource] as Resource[], image: output(resource, referenceOf) };
}

/** ECR with the credentials of this run, any other registry as anybody. */
function openRegistry(parts: Parts, context: Context, host: string): Promise<Registry> {
  const isEcr = parseEcrHost(host) !== undefined || host === standInHost(parts, context);
  return isEcr ? ecrRegistry(parts, context, host) : Promise.resolve(createRegistry(context, host));
}
