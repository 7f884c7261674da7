/**
 * The web console: container logs in the browser, access by application and by person, releases, domains and
 * certificates.
 *
 * @module
 */
export type * from "./options.js";
export { startConsole } from "./start.js";
