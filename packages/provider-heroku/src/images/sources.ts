import type { ResolvedBuild } from "@deploy/core";
import type { SourceContext } from "./hash-context.js";

/** A source that was read for a plan, for whoever builds it while applying. */
export interface Source {
  readonly context: SourceContext;
  readonly build: ResolvedBuild;
}

/**
 * Sources by digest: what the images element has read, and the containers element sends to Heroku, where building and
 * releasing are one call.
 */
export type Sources = Map<string, Source>;
