import type { Logs } from "@deploy/core";
import { findHome } from "./home.js";
import { readLogs } from "./supervisor/log-store/index.js";

/** Element four on this machine: read straight from the store, whether the supervisor runs or not. */
export function createLogs(): Logs {
  return {
    capabilities: {
      follow: true,
      history: true,
      releaseOutput: true,
      resume: true,
      retention: "14 days or 128 MB for each environment, whichever is less",
    },
    read: (context, scope, query) =>
      readLogs({
        directory: findHome(context.env).logs,
        app: scope.app,
        environment: scope.environment,
        query,
        signal: context.signal,
      }),
  };
}
