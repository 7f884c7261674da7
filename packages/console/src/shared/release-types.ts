/**
 * What the routes of releases take and answer, as JSON; nothing here may import from node. Times are milliseconds since 1970.
 *
 * @module
 */

import type { Support } from "./part-types.js";

/** As the vendor says. */
export type ReleaseState = "pending" | "active" | "superseded" | "failed";

/** `GET …/releases`, newest first. */
export interface ReleaseList {
  readonly releases: readonly ReleaseView[];
  /** Whether an earlier one can be put back. */
  readonly rollback: Support;
  /** The number that a rollback without a number goes to; absent: there is none. */
  readonly rollbackTo?: number;
}

/** A release without any value. */
export interface ReleaseView {
  readonly number: number;
  readonly state: ReleaseState;
  readonly at: number;
  readonly author: string;
  readonly commit?: string;
  /** Made from a tree with changes that were not committed. */
  readonly dirty?: boolean;
  readonly message?: string;
  /** It is a rollback to this one. */
  readonly repeats?: number;
  /** `staging release 12`. */
  readonly promotedFrom?: string;
  /** In the vendor's words. */
  readonly description?: string;
  /** Why it failed. */
  readonly failure?: string;
  readonly image: string;
  /** Against the one that served before it; absent for the first. */
  readonly diff?: ReleaseDiff;
}

/** `GET …/releases/:number`. */
export interface ReleaseDetail extends ReleaseView {
  /** Names of plain config, in order. */
  readonly config: readonly string[];
  readonly secrets: readonly { readonly name: string; readonly version: string }[];
  /** Where the image is. */
  readonly location: string;
}

/** What a release changed: names only, never a value. */
export interface ReleaseDiff {
  /** The number it is compared with. */
  readonly from: number;
  /** Digests; absent: the same image. */
  readonly image?: { readonly before: string; readonly after: string };
  readonly config: NameChanges;
  /** A secret has changed when its version has. */
  readonly secrets: NameChanges;
  /** Commits of the two; absent when they are the same, or not known. */
  readonly commits?: {
    readonly from: string;
    readonly to: string;
    /** First lines, newest first, at most 50; absent where the console has no copy of the repository. */
    readonly list?: readonly { readonly commit: string; readonly subject: string; readonly author: string }[];
    /** There are more than are listed. */
    readonly more?: boolean;
  };
}

/** Names that came, went, or have another value. */
export interface NameChanges {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

/** `POST …/rollback`. */
export interface RollbackRequest {
  /** Default: the one that served before. */
  readonly to?: number;
  /** The environment's name, typed; needed where it is protected. */
  readonly confirm?: string;
}
