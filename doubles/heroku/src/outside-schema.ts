/** A route which exists though the schema lacks it. */
export interface OutsideRoute {
  readonly method: string;
  readonly path: RegExp;
  /** Where it is known from. */
  readonly reason: string;
}

/** The routes of the Platform API's own host that its published schema lacks, each with the reason why it is served. */
export const outsideSchema: readonly OutsideRoute[] = [
  {
    method: "GET",
    path: /^\/schema$/,
    reason: "the schema's own address; it is a link of the schema's root",
  },
  {
    method: "PUT",
    path: /^\/apps\/[^/]+\/pre-authorizations$/,
    reason: "two-factor codes for one app, used by @heroku-cli/command's api-client",
  },
  {
    method: "GET",
    path: /^\/spaces\/[^/]+\/dynos$/,
    reason: "dynos of a space, used by the official CLI (spaces:ps)",
  },
];
