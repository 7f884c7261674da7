import { type AnyResource, type Out, output, type ResolvedProcess, type Scope } from "@deploy/core";
import type { Input } from "../clients/modules.js";
import type { Parts } from "../parts.js";
import { door } from "./alb/door.js";
import { targetGroup } from "./alb/target-group.js";
import { caddyImageOf } from "./caddy/options.js";
import { lingerContainer } from "./caddy/task-definitions.js";

export { isPublic } from "./primary.js";

import { rememberPublic } from "./primary.js";

type ContainerDefinition = NonNullable<
  Input<"ecs", "RegisterTaskDefinition">["containerDefinitions"]
>[number];

/** How the service of a public process is reached: what its service and its task definition have to say. */
export interface Attachment {
  /** For CreateService: `loadBalancers` with this target group. Absent with `instance()`. */
  readonly targetGroupArn?: Out<string>;
  /** What has to be there before CreateService: ECS refuses a target group that no listener leads to. */
  readonly before: readonly AnyResource[];
  /** Containers that the task has besides the app's: with `instance()` the one that lets it drain. */
  readonly containers: readonly ContainerDefinition[];
}

/**
 * How a process that listens and is not internal is attached.
 *
 * With `instance()` the process has to be registered in Cloud Map with SRV records under
 * {@link import("./discovery.js").discoveryName}, which Caddy follows.
 *
 * @param processes all of the release, in their order: the first public one answers at the URL without any domain.
 * @param container the name of the container that serves, in the task definition.
 */
export function attachmentOf(
  parts: Parts,
  scope: Scope,
  process: ResolvedProcess,
  processes: readonly ResolvedProcess[],
  container: string,
): Attachment {
  rememberPublic(parts, scope, processes);
  if (parts.settings.capacity.kind === "instance") {
    const image = caddyImageOf(parts.settings);
    return { before: [], containers: [lingerContainer(container, image, process.drainMs)] };
  }
  const group = targetGroup(parts, scope, process);
  const way = door(parts, scope, process.name, [group]);
  return {
    targetGroupArn: output(group, ({ arn }) => arn),
    before: [group, way],
    containers: [],
  };
}
