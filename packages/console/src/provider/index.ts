/**
 * The console's grants as a provider: `deploy access` speaks to it. Loads nothing of the console's server.
 *
 * @module
 */

export { type ConsoleAccessOptions, consoleAccess } from "./console-access.js";
