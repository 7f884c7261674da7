import type { HerokuRelease } from "../api-types.js";

/** How code came into a release, as its description says it. */
export type CodeOrigin = "images" | "build" | "promotion" | "rollback";

/**
 * What a release did to the code, by its description: Heroku has no field for it. `undefined` for config and add-ons.
 *
 * Seen: `Deployed web (142013fe2b5c)`, `Deploy de63889`, `Promote shop-staging v12 de63889`, `Rollback to v46`.
 */
export function codeOrigin(release: Pick<HerokuRelease, "description">): CodeOrigin | undefined {
  const { description } = release;
  if (/^Rollback to v\d+/.test(description)) return "rollback";
  if (/^Promote(d)? /.test(description)) return "promotion";
  if (/^Deployed /.test(description)) return "images";
  if (/^Deploy(\s|$)/.test(description)) return "build";
  return undefined;
}

/** The version that a rollback went back to; undefined for what is none. */
export function rolledBackTo(release: Pick<HerokuRelease, "description">): number | undefined {
  const found = /^Rollback to v(\d+)/.exec(release.description);
  return found === null ? undefined : Number(found[1]);
}

/**
 * The release whose code `release` runs: itself, or an earlier one when only config changed since, or the one that a
 * rollback went back to. A release that failed handed its code to nobody.
 *
 * @param releases newest first, as far back as is known.
 * @returns undefined when no code was released, or further back than is known.
 */
export function codeOf(
  releases: readonly HerokuRelease[],
  release: HerokuRelease,
): HerokuRelease | undefined {
  let present: HerokuRelease | undefined = release;
  for (let steps = 0; present !== undefined && steps <= releases.length; steps += 1) {
    const origin = codeOrigin(present);
    if (origin !== undefined && origin !== "rollback") return present;
    const back: number = rolledBackTo(present) ?? 0;
    const version: number = present.version;
    present =
      origin === "rollback"
        ? releases.find((one) => one.version === back)
        : releases.find((one) => one.version < version && one.status === "succeeded");
  }
  return undefined;
}

/** The newest release that succeeded: what new dynos are started with. */
export function currentRelease(releases: readonly HerokuRelease[]): HerokuRelease | undefined {
  return releases.find((one) => one.current) ?? releases.find((one) => one.status === "succeeded");
}

/** The beginnings of the image ids in a description such as `Deployed web (142013fe2b5c), worker (9a…)`. */
export function imagesIn(description: string): readonly string[] {
  return [...description.matchAll(/\(([0-9a-f]{7,64})\)/g)].map((found) => found[1]!);
}
