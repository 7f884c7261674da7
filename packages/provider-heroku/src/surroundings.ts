import type { Scope } from "@deploy/core";
import { createApi, type HerokuApi } from "./api.js";
import { type ConfigWriter, createConfigWriter } from "./config-vars.js";
import { appNameOf } from "./names.js";
import type { HerokuOptions } from "./options.js";

/** What every element of this provider works with; made once by `heroku()`. */
export interface Surroundings {
  readonly options: HerokuOptions;
  readonly api: HerokuApi;
  readonly config: ConfigWriter;
  /** By app: the hosts that its certificate covers in the plan that is being made. */
  readonly certified: Map<string, readonly string[]>;
}

/** Surroundings with an API and queues of their own. */
export function createSurroundings(options: HerokuOptions = {}): Surroundings {
  const api = createApi(options);
  return { options, api, config: createConfigWriter(options, api), certified: new Map() };
}

/** Name of the scope's app at Heroku. */
export function appOf(own: Pick<Surroundings, "options">, scope: Scope): string {
  return appNameOf(scope, own.options.app);
}
