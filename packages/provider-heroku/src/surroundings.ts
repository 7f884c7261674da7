import type { Scope } from "@deploy/core";
import type { HerokuApi } from "./api.js";
import { appNameOf } from "./names.js";
import type { HerokuOptions } from "./options.js";

/** What every element of this provider works with; made once by `heroku()`. */
export interface Surroundings {
  readonly options: HerokuOptions;
  readonly api: HerokuApi;
}

/** Name of the scope's app at Heroku. */
export function appOf(own: Surroundings, scope: Scope): string {
  return appNameOf(scope, own.options.app);
}
