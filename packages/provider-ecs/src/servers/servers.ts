import type { Context, Scope, ServerStatus, Servers } from "@deploy/core";
import type { Parts } from "../parts.js";
import { describeCluster } from "./cluster.js";
import { describeInstances } from "./status.js";

/** Element one on AWS: network, cluster, roles, security groups, and the instances where there are any. */
export function createServers(parts: Parts): Servers {
  return {
    capabilities: { provisioning: true, isolation: true },
    resources: (scope) => ({ resources: parts.foundation(scope).resources }),
    status: (context, scope) => readStatus(parts, context, scope),
  };
}

async function readStatus(parts: Parts, context: Context, scope: Scope): Promise<readonly ServerStatus[]> {
  const { clients, settings } = parts;
  const { clusterName } = parts.foundation(scope);
  const [cluster, instances] = await Promise.all([
    describeCluster(clients, context, clusterName),
    settings.capacity.kind === "fargate" ? [] : describeInstances(parts, context, clusterName),
  ]);
  if (cluster === undefined) return [];
  const running = cluster.runningTasksCount ?? 0;
  const where = settings.capacity.kind === "fargate" ? "Fargate" : "EC2";
  return [
    {
      name: clusterName,
      state: cluster.status === "ACTIVE" ? "running" : cluster.status === "FAILED" ? "failed" : "starting",
      description: `ECS on ${where} in ${settings.region}, ${running} tasks running`,
    },
    ...instances,
  ];
}
