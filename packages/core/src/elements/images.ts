import type { ResolvedBuild } from "../app/resolved.js";
import type { Context } from "../context.js";
import type { Out } from "../engine/out.js";
import type { Redacted } from "../redacted.js";
import type { Support } from "./capability.js";
import type { ElementPlan, Scope } from "./scope.js";

/** An immutable build of the app. */
export interface ImageReference {
  /** `sha256:…`, of the image or of the source it was made from: equal digests run the same code. */
  readonly digest: string;
  /** Where it is: a repository with digest, a path, a slug. */
  readonly location: string;
}

/** Where an image comes from. */
export type ImageSource =
  | { readonly kind: "build"; readonly build: ResolvedBuild }
  /** One that exists already: of another environment (promotion) or of an earlier release (rollback). */
  | { readonly kind: "existing"; readonly image: ImageReference };

/** What a provider's images can do; checked before any call. */
export interface ImagesCapabilities {
  readonly dockerfile: Support;
  /** A build command run over the source, without a Dockerfile. */
  readonly buildCommand: Support;
  /** An image of one environment can be released in another one. */
  readonly promotion: Support;
}

/** What containers need to pull an image from a registry which is not their vendor's own. */
export interface PullCredentials {
  /** Host of the registry, as the image's location has it. */
  readonly registry: string;
  /** Absent where this run was not told: what the vendor has stored before then stays. */
  readonly login?: { readonly username: string; readonly password: Redacted };
}

/** An image in a plan. */
export interface ImagePlan extends ElementPlan {
  readonly image: Out<ImageReference>;
  /** The registry lets only those in whom it knows. */
  readonly pull?: PullCredentials;
}

/** Element two: from source to something immutable that runs. */
export interface Images {
  readonly capabilities: ImagesCapabilities;
  /**
   * The image as a node of the plan. Reads (and hashes) the build context, writes nothing.
   *
   * @throws `images.context-missing`, `images.no-dockerfile` where one is needed, `images.unknown` for an image that is gone.
   */
  image(context: Context, scope: Scope, source: ImageSource): Promise<ImagePlan>;
}
