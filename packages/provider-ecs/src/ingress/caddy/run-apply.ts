import { type Context, DeployError, type Scope } from "@deploy/core";
import { boundedName } from "../../names.js";
import type { Parts } from "../../parts.js";
import { variables } from "./scripts.js";
import { caddyNames } from "./tasks.js";

/** Characters that the overrides of RunTask may have in all (ECS API reference, TaskOverride). */
const longestOverride = 8192;
/** Milliseconds until the task has to have ended: it may wait for its image, and half a minute for Caddy. */
const limitMs = 180_000;

/** What is to be put in place; without a text the site is taken away. */
export interface ApplyRequest {
  readonly text: string;
  readonly ports: readonly number[];
}

/** The name of an app's file among the sites. */
function siteFileName(scope: Scope): string {
  return boundedName(60, scope.app, scope.environment);
}

/**
 * Runs the task that puts the app's site in place, to its end.
 *
 * @returns the exit code of the script, see `exitCodes`.
 * @throws `ingress.site-too-long` before anything is asked; `ingress.not-placed` when ECS does not start it or it does
 *   not end.
 */
export async function runApply(
  parts: Parts,
  context: Context,
  scope: Scope,
  request: ApplyRequest,
): Promise<number> {
  const { clients } = parts;
  const cluster = parts.foundation(scope).clusterName;
  const overrides = {
    containerOverrides: [
      {
        name: "caddy",
        environment: [
          { name: variables.site, value: siteFileName(scope) },
          { name: variables.text, value: request.text },
          { name: variables.ports, value: request.ports.join(" ") },
        ],
      },
    ],
  };
  if (JSON.stringify(overrides).length > longestOverride) throw tooLong();
  const started = await clients.send(context, "ecs", "RunTask", {
    cluster,
    taskDefinition: caddyNames(parts, scope).apply,
    launchType: "EC2",
    startedBy: "deploy-proxy-site",
    overrides,
  });
  const task = started.tasks?.[0]?.taskArn;
  if (task === undefined) {
    const reasons = (started.failures ?? []).map(({ reason }) => reason ?? "").join(", ");
    throw notPlaced(reasons === "" ? "ECS did not start it" : reasons);
  }
  const end = context.clock.now() + limitMs;
  while (context.clock.now() < end) {
    const described = await clients.send(context, "ecs", "DescribeTasks", { cluster, tasks: [task] });
    // Right after its start ECS may not know it everywhere yet: it is asked for again.
    const found = described.tasks?.[0];
    if (found?.lastStatus === "STOPPED") {
      const container = found.containers?.[0];
      if (container?.exitCode !== undefined) return container.exitCode;
      throw notPlaced(container?.reason ?? found.stoppedReason ?? "it did not start");
    }
    await context.clock.sleep(1_000, context.signal);
  }
  throw notPlaced("it has not ended within three minutes");
}

function notPlaced(reason: string): DeployError {
  return new DeployError({
    code: "ingress.not-placed",
    message: `The task that tells the proxy about this app's hosts did not run: ${reason}.`,
    hint: /RESOURCE:MEMORY/.test(reason)
      ? "The instance has no 16 MB left: take a larger one, or give the processes less memory."
      : "Look at `deploy status`, whether the instance runs; then run again.",
    details: { reason },
  });
}

function tooLong(): DeployError {
  return new DeployError({
    code: "ingress.site-too-long",
    message:
      "This environment has too many domains for one instance: their configuration is longer than 8 kB.",
    hint: "Split the domains over two apps, or use fargate() or ec2(), whose load balancer takes more.",
  });
}
