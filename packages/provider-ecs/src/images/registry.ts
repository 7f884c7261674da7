import {
  type Context,
  DeployError,
  type ImagePlan,
  type ImageReference,
  type Images,
  output,
  type Provider,
  type PullCredentials,
  type Resource,
  redact,
} from "@deploy/core";
import type { Architecture } from "../options.js";
import { type BuildOptions, buildImage, pushImage, untagImage } from "./build.js";
import { readBuildContext } from "./build-context.js";
import type { RegistryLogin } from "./docker-config.js";
import { contentTag, referenceOf } from "./ecr-image.js";
import { createRegistry, type Registry } from "./oci/client.js";
import { copyImage, unknownImage } from "./oci/copy.js";
import { architecturesOf, wrongArchitecture } from "./oci/platform.js";
import { type ImageLocation, parseLocation } from "./oci/reference.js";

/** Options of {@link registry}. */
export interface RegistryOptions extends BuildOptions {
  /**
   * Names of the variables that hold user name and password (or access token); `false` for a registry that lets anybody
   * in. Default `REGISTRY_USERNAME` and `REGISTRY_PASSWORD`.
   */
  readonly credentials?: false | { readonly username: string; readonly password: string };
  /** Anybody may pull: containers are given no credentials. Default false. */
  readonly public?: boolean;
  /** The processor of the target. Default `amd64`. */
  readonly architecture?: Architecture;
}

const name = "registry";

/**
 * Images in any OCI registry, as `images` of an environment: `registry("docker.io/acme")`. The app's name is put behind it.
 *
 * Images stay there until somebody removes them: registries have no marks by which ours could be told from others.
 *
 * @throws `images.bad-reference`
 */
export function registry(
  location: string,
  options: RegistryOptions = {},
): Provider & { readonly images: Images } {
  // Checked at once, with a word in place of the app's name.
  const { host: ownHost } = parseLocation(`${location.replace(/\/+$/, "")}/app`);
  const { architecture = "amd64" } = options;
  const variables =
    options.credentials === false
      ? undefined
      : (options.credentials ?? { username: "REGISTRY_USERNAME", password: "REGISTRY_PASSWORD" });

  const loginOf = (context: Pick<Context, "env">, host: string): RegistryLogin | undefined => {
    const username = variables && context.env[variables.username];
    const password = variables && context.env[variables.password];
    if (!username || !password) return undefined;
    return { host, username, password: redact(password) };
  };
  const pullOf = (context: Pick<Context, "env">, host: string): { readonly pull?: PullCredentials } => {
    if (variables === undefined || options.public === true) return {};
    const login = loginOf(context, host);
    const { username, password } = login ?? {};
    return {
      pull: { registry: host, ...(username && password ? { login: { username, password } } : {}) },
    };
  };
  const open = (context: Context, host: string): Registry => {
    // Credentials are for this registry, and for nobody else's.
    const credentials = host === ownHost ? loginOf(context, host) : undefined;
    return createRegistry(context, host, credentials === undefined ? {} : { credentials });
  };
  const find = async (
    context: Context,
    at: ImageLocation,
    reference: string,
  ): Promise<ImageReference | undefined> => {
    const digest = await open(context, at.host).resolve(at.repository, reference);
    return digest === undefined ? undefined : { digest, location: `${at.host}/${at.repository}@${digest}` };
  };
  const idFor = (at: ImageLocation, what: string): string =>
    `${name}/images/${at.host}/${at.repository}/${what}`;

  const images: Images = {
    capabilities: {
      dockerfile: true,
      buildCommand: { no: "containers are built from a Dockerfile" },
      promotion: true,
    },
    async image(context, scope, source): Promise<ImagePlan> {
      const at = parseLocation(`${location.replace(/\/+$/, "")}/${scope.app}`);
      if (source.kind === "existing") {
        const from = parseLocation(source.image.location);
        const { digest } = source.image;
        const held = open(context, from.host);
        const manifest = await held.manifest(from.repository, digest);
        if (manifest === undefined) throw unknownImage(source.image.location);
        const has = await architecturesOf(held, from.repository, manifest);
        if (!has.includes(architecture)) throw wrongArchitecture(source.image.location, has, architecture);
        const image: Resource<{ readonly digest: string }, ImageReference> = {
          id: idFor(at, digest.slice(7, 47)),
          label: `image ${digest.slice(7, 19)}`,
          provider: name,
          element: "images",
          verb: "copy",
          desired: { digest },
          read: (own) => find(own, at, digest),
          diff: () => [],
          create: async (own) => {
            const to = { registry: open(own, at.host), repository: at.repository };
            await copyImage({ registry: open(own, from.host), repository: from.repository }, to, digest);
            return { digest, location: `${at.host}/${at.repository}@${digest}` };
          },
        };
        return {
          resources: [image as Resource],
          image: output(image, referenceOf),
          ...pullOf(context, at.host),
        };
      }
      const built = await readBuildContext(
        context.directory,
        source.build,
        `linux/${architecture}`,
        context.signal,
      );
      const tag = contentTag(built, architecture);
      const image: Resource<{ readonly tag: string }, ImageReference> = {
        id: idFor(at, tag),
        label: `image ${built.hash.slice(0, 12)}`,
        provider: name,
        element: "images",
        verb: "build",
        desired: { tag },
        read: (own) => find(own, at, tag),
        diff: () => [],
        blocked: (observed) =>
          observed !== undefined || variables === undefined || loginOf(context, at.host) !== undefined
            ? undefined
            : {
                code: "images.no-credentials",
                message: `The image has to be pushed to ${at.host}, and there are no credentials for it.`,
                hint: `Set ${variables.username} and ${variables.password}.`,
              },
        create: async (own) => {
          const reference = `${at.host}/${at.repository}:${tag}`;
          await buildImage(own, { context: built, build: source.build, options, architecture, reference });
          await pushImage(own, reference, loginOf(own, at.host));
          await untagImage(own, reference);
          const pushed = await find(own, at, tag);
          if (pushed !== undefined) return pushed;
          throw new DeployError({
            code: "images.push-unseen",
            message: `The image was pushed to ${at.host}/${at.repository}, and the registry does not show it.`,
            hint: "Run the same again.",
            retryable: true,
          });
        },
      };
      return {
        resources: [image as Resource],
        image: output(image, referenceOf),
        ...pullOf(context, at.host),
      };
    },
  };
  return {
    spec: 1,
    name,
    credentials:
      variables === undefined
        ? {}
        : {
            username: {
              env: variables.username,
              label: "user of the registry",
              secret: false,
              required: false,
            },
            password: {
              env: variables.password,
              label: "password or access token of the registry",
              secret: true,
              required: false,
            },
          },
    owned: async () => [],
    images,
  };
}
