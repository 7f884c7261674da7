import type { HerokuApp, HerokuSpace } from "./api-types.js";

/** The generation of Heroku's platform that an app or a space is of: `cedar` or `fir`. */
export function generationOf(thing: Pick<HerokuApp | HerokuSpace, "generation"> | undefined): string {
  const { generation } = thing ?? {};
  return (typeof generation === "string" ? generation : generation?.name) ?? "cedar";
}

/** Why nothing of ours can run on Fir. */
export const firReason =
  "Fir runs Cloud Native Buildpacks only: it has no container stack, so neither a Dockerfile nor an image can be deployed to it";

/** Where Heroku says what its generations can do. */
export const generationsLink = "https://devcenter.heroku.com/articles/generations";
