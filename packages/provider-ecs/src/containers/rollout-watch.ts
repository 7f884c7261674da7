import { type Context, DeployError } from "@deploy/core";
import type { Output } from "../clients/modules.js";
import type { Parts } from "../parts.js";
import { lowerTags } from "../tags.js";
import type { DescribedService } from "./describe.js";
import { type Failure, type FailureQuery, findFailure } from "./failed-tasks.js";

type ServiceDeployment = NonNullable<
  Output<"ecs", "DescribeServiceDeployments">["serviceDeployments"]
>[number];

/** The deployment of a service that we wait for: ours, and no other. */
export interface Watched {
  /** `ecs-svc/…`, from the answer to our CreateService or UpdateService. */
  readonly deploymentId: string;
  readonly release: number;
  /** The service has never served: there is nothing to go back to. */
  readonly isFirst: boolean;
  /** ARN of the service deployment, once it was told. */
  serviceDeployment?: string | undefined;
  /** Failures that were told already. */
  told: number;
}

/** Tag of a service which has no instances because we took them away, not because somebody wants none. */
export const heldTag = "deploy:held";

/** How far a rollout is. */
export type Rollout =
  | { readonly state: "done" }
  | { readonly state: "running"; readonly waitingFor: string }
  | {
      readonly state: "failed";
      readonly failure: Failure;
      readonly goesOn: boolean;
      readonly because: string;
    };

/** Failures after which another try cannot help: they are not waited for twice. */
const hopeless = new Set([
  "wrong-architecture",
  "image-missing",
  "image-too-large",
  "start-refused",
  "command-missing",
  "no-port",
  "deadlock",
  "quota",
]);

/** Follows one deployment: one look. Never an SDK's waiter, which takes a rolled back service for a stable one. */
export async function lookAtRollout(
  parts: Parts,
  context: Context,
  query: FailureQuery,
  service: DescribedService,
  watched: Watched,
): Promise<Rollout> {
  const deployment = service.deployments?.find(({ id }) => id === watched.deploymentId);
  watched.serviceDeployment ??=
    deployment?.status === "PRIMARY" ? service.currentServiceDeployment : undefined;
  const told = await serviceDeploymentOf(parts, context, watched);
  const status = told?.status;
  const isOver = deployment?.rolloutState === "FAILED" || (status !== undefined && failedStates.has(status));
  if (isOver || deployment === undefined) {
    if (deployment === undefined && status === "SUCCESSFUL") return { state: "done" };
    const failure = await findFailure(parts, context, query, service);
    const because =
      told?.statusReason ?? deployment?.rolloutStateReason ?? "another deployment has taken its place";
    return { state: "failed", failure, goesOn: false, because };
  }
  if (status === "SUCCESSFUL" || deployment.rolloutState === "COMPLETED") return { state: "done" };
  const { runningCount = 0, desiredCount = 0, pendingCount = 0, failedTasks = 0 } = deployment;
  // Without a state of its own (an old controller), as many as wanted that run are all that can be asked for.
  if (deployment.rolloutState === undefined && runningCount >= desiredCount && pendingCount === 0)
    return { state: "done" };
  const count = told?.deploymentCircuitBreaker?.failureCount ?? 0;
  const failures = Math.max(failedTasks, count);
  if (failures > watched.told) {
    const failure = await findFailure(parts, context, query, service);
    watched.told = failures;
    context.log(`${query.process.name}: ${failure.message}.`);
    if (hopeless.has(failure.name)) {
      return { state: "failed", failure, goesOn: true, because: "trying again cannot help" };
    }
    if (failure.events.some((event) => /unable to consistently start tasks/i.test(event))) {
      return { state: "failed", failure, goesOn: true, because: "ECS tries less and less often" };
    }
  }
  const failed = failures === 0 ? "" : `, ${failures} failed`;
  return {
    state: "running",
    waitingFor: `${runningCount} of ${desiredCount} ${query.process.name} run${failed}`,
  };
}

const failedStates = new Set([
  "ROLLBACK_REQUESTED",
  "ROLLBACK_IN_PROGRESS",
  "ROLLBACK_SUCCESSFUL",
  "ROLLBACK_FAILED",
  "STOPPED",
  "STOP_REQUESTED",
]);

async function serviceDeploymentOf(
  parts: Parts,
  context: Context,
  watched: Watched,
): Promise<ServiceDeployment | undefined> {
  if (watched.serviceDeployment === undefined) return undefined;
  const answer = await parts.clients.send(context, "ecs", "DescribeServiceDeployments", {
    serviceDeploymentArns: [watched.serviceDeployment],
  });
  return answer.serviceDeployments?.[0];
}

/** The error of a rollout that has failed: reason, exit code, last lines and what to do. */
export function rolloutError(
  query: FailureQuery,
  watched: Pick<Watched, "isFirst">,
  rollout: Extract<Rollout, { readonly state: "failed" }>,
): DeployError {
  const { failure, because } = rollout;
  const after = watched.isFirst
    ? "It was the first release, so there is nothing to go back to: the process was set to 0 instances."
    : "The release before it stays in service.";
  return new DeployError({
    code: "containers.rollout-failed",
    message: `${query.process.name} of release ${query.release} did not come up: ${failure.message}. ${after}`,
    hint: failure.hint,
    details: {
      process: query.process.name,
      release: query.release,
      reason: failure.name,
      because,
      ...(failure.exitCode === undefined ? {} : { exitCode: failure.exitCode }),
      ...(failure.stoppedReason === undefined ? {} : { stoppedReason: failure.stoppedReason }),
      ...(failure.taskArn === undefined ? {} : { task: failure.taskArn }),
      ...(failure.events.length === 0 ? {} : { events: failure.events }),
      lastLines: failure.lastLines,
    },
  });
}

/** Ends a rollout of ours that has failed: stops it, or takes away the instances of a first one. */
export async function endRollout(
  parts: Parts,
  context: Context,
  cluster: string,
  service: string,
  watched: Watched,
  goesOn: boolean,
): Promise<void> {
  if (watched.isFirst) {
    const { service: stopped } = await parts.clients.send(context, "ecs", "UpdateService", {
      cluster,
      service,
      desiredCount: 0,
    });
    const resourceArn = stopped?.serviceArn;
    if (resourceArn === undefined) return;
    const tags = lowerTags({ [heldTag]: "first release failed" });
    await parts.clients.send(context, "ecs", "TagResource", { resourceArn, tags }, { repeatable: true });
    return;
  }
  if (!goesOn || watched.serviceDeployment === undefined) return;
  await parts.clients.send(context, "ecs", "StopServiceDeployment", {
    serviceDeploymentArn: watched.serviceDeployment,
    stopType: "ROLLBACK",
  });
}
