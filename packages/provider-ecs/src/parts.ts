import type { Scope } from "@deploy/core";
import type { Clients } from "./clients.js";
import type { Settings } from "./options.js";
import type { Foundation } from "./servers/foundation.js";

/** What every element of this provider is made from: `createX(parts)`. */
export interface Parts {
  readonly settings: Settings;
  readonly clients: Clients;
  /** What a scope stands on; the same objects at every call, and nothing is asked. */
  foundation(scope: Scope): Foundation;
}
