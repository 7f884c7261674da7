/**
 * What the routes of apps, releases, processes, config and domains take and answer, as JSON; nothing here may import
 * from node. Times are milliseconds since 1970. Paths are below `/api/apps/:app/environments/:environment` unless they
 * say otherwise.
 *
 * @module
 */

export type * from "./config-types.js";
export type * from "./domain-types.js";
export type * from "./overview-types.js";
export type * from "./part-types.js";
export type * from "./process-types.js";
export type * from "./release-types.js";
export type * from "./vendor-access-types.js";
