/** Where an image of ours is: what `ImageReference.location` says. */
export type Location =
  /** A release of an app at Heroku. */
  | { readonly kind: "release"; readonly app: string; readonly version: number }
  /** A repository of Heroku's registry: `shop-staging/web`. */
  | { readonly kind: "registry"; readonly app: string; readonly repository: string }
  /** Source on this machine, which Heroku will build. */
  | { readonly kind: "source" };

/** A location as text: `heroku:shop-staging/v12`, `registry.heroku.com/shop-staging/web`, `source`. */
export function writeLocation(location: Location, registryHost: string): string {
  switch (location.kind) {
    case "release":
      return `heroku:${location.app}/v${location.version}`;
    case "registry":
      return `${registryHost}/${location.repository}`;
    case "source":
      return "source";
  }
}

/** Reads a location back; undefined for one of another provider. */
export function parseLocation(text: string): Location | undefined {
  if (text === "source") return { kind: "source" };
  const release = /^heroku:([a-z0-9-]+)\/v(\d+)$/.exec(text);
  if (release !== null) return { kind: "release", app: release[1]!, version: Number(release[2]) };
  const repository = /^[^/]+\/(([a-z0-9-]+)\/[-\w]+)$/.exec(text);
  if (repository !== null) return { kind: "registry", repository: repository[1]!, app: repository[2]! };
  return undefined;
}
