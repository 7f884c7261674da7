/**
 * What the routes of the providers' own permissions take and answer, as JSON; nothing here may import from node. Times are milliseconds since 1970.
 *
 * @module
 */

import type { Role } from "./access-types.js";
import type { Part, Support, Trouble } from "./part-types.js";

/**
 * `GET …/vendor-access`: who is let in here, beside who is at the provider. For managers.
 *
 * `POST …/vendor-access/apply` with {@link VendorAccessApply} does what is missing, again if it must.
 */
export interface VendorAccessView {
  readonly app: string;
  readonly environment: string;
  readonly provider: string;
  /** Which roles the provider can hold somebody to; all no: it has no permissions of its own. */
  readonly supports: Readonly<Record<Role, Support>>;
  /** By person; only those here, where the provider cannot be asked. */
  readonly people: Part<readonly VendorAccessRow[]>;
}

/** One person, here and there. */
export interface VendorAccessRow {
  /** E-mail, or the vendor's name of somebody who is not known here. */
  readonly person: string;
  readonly here?: Role;
  readonly there?: Role;
  /**
   * `only here`: not (yet) granted there; `only there`: granted behind the console's back, or before it;
   * `unsupported`: the provider knows no such role; `unknown`: it could not be asked.
   */
  readonly state: "same" | "only here" | "only there" | "other role" | "unsupported" | "unknown";
  /** Why the last try to bring it in line failed. */
  readonly trouble?: Trouble;
  readonly triedAt?: number;
}

/** What is to be brought in line at the provider. */
export interface VendorAccessApply {
  /** As in a row. */
  readonly person: string;
  /** `grant`: give there what is here; `revoke`: take there what is not here. */
  readonly action: "grant" | "revoke";
}
