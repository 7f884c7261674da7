/** A route which exists though the schema lacks it. */
export interface OutsideRoute {
  readonly method: string;
  readonly path: RegExp;
  /** Where it is known from. */
  readonly reason: string;
}

/**
 * The routes of the Platform API's own host that its published schema lacks, each with the reason why it is served.
 *
 * The hosts for data, metrics, streams and images have no schema at all; nothing of theirs is judged.
 */
export const outsideSchema: readonly OutsideRoute[] = [
  {
    method: "GET",
    path: /^\/spaces\/[^/]+\/dynos$/,
    reason: "dynos of a space, used by the official CLI (spaces:ps)",
  },
];
