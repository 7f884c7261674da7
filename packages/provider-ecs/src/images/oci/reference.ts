import { DeployError } from "@deploy/core";

/** Where an image is, by the parts of its name. */
export interface ImageLocation {
  /** Host, with a port where it has one, as a person writes it: `docker.io` for Docker Hub. */
  readonly host: string;
  /** Path inside of the registry, without tag or digest. */
  readonly repository: string;
  readonly tag?: string;
  /** `sha256:` and 64 hex digits. */
  readonly digest?: string;
}

const hostPattern = /^(?:localhost|[a-z0-9.-]*[.:][a-z0-9.:-]*|\[[0-9a-f:]+\](?::\d+)?)$/i;
const repositoryPattern =
  /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/;

/**
 * Reads an image's name as Docker does: without a host it is Docker Hub's, and there without a slash `library/…`.
 *
 * @throws `images.bad-reference`
 */
export function parseLocation(text: string): ImageLocation {
  const [named = "", digest] = text.split("@");
  const first = named.split("/")[0]!;
  const hasHost = named.includes("/") && hostPattern.test(first);
  const path = hasHost ? named.slice(first.length + 1) : named;
  const colon = path.lastIndexOf(":");
  const bare = colon < 0 ? path : path.slice(0, colon);
  const tag = colon < 0 ? undefined : path.slice(colon + 1);
  const host = hasHost ? (first === "index.docker.io" ? "docker.io" : first) : "docker.io";
  const repository = host === "docker.io" && !bare.includes("/") ? `library/${bare}` : bare;
  const valid =
    repositoryPattern.test(repository) &&
    (tag === undefined || /^\w[\w.-]{0,127}$/.test(tag)) &&
    (digest === undefined || /^sha256:[0-9a-f]{64}$/.test(digest));
  if (!valid) {
    throw new DeployError({
      code: "images.bad-reference",
      message: `"${text}" is not the name of an image.`,
      hint: "Write host/path, such as docker.io/acme/shop, in lower case.",
    });
  }
  return {
    host,
    repository,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** The address of a registry's API. Loopback is spoken to in plain HTTP, as the Docker engine does. */
export function apiOf(host: string): URL {
  if (host === "docker.io") return new URL("https://registry-1.docker.io/v2/");
  const name = host.replace(/:\d+$/, "");
  const loopback = name === "localhost" || name === "[::1]" || /^127\./.test(name);
  return new URL(`${loopback ? "http" : "https"}://${host}/v2/`);
}
