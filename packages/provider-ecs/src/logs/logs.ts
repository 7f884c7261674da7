import type { AnyResource, Logs } from "@deploy/core";
import type { Parts } from "../parts.js";
import { logGroupNode } from "./log-group.js";
import { readLogs } from "./read-logs.js";

/** Element four on AWS: one CloudWatch group per app and environment. */
export function createLogs(parts: Parts): Logs {
  return {
    capabilities: {
      follow: true,
      history: true,
      releaseOutput: true,
      resume: true,
      retention: `${parts.settings.logRetentionDays} days, however much it is`,
    },
    resources: (scope) => ({ resources: [logGroupNode(parts, scope) as AnyResource] }),
    read: (context, scope, query) => readLogs(parts, context, scope, query),
  };
}
