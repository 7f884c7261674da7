import { type Context, DeployError } from "@deploy/core";
import type { Clients } from "../clients.js";
import type { Architecture } from "../options.js";

/** The public parameter that names the newest ECS-optimised image ("Retrieving Amazon ECS-optimized Linux AMI metadata"). */
export function machineImageParameter(architecture: Architecture): string {
  const part = architecture === "arm64" ? "/arm64" : "";
  return `/aws/service/ecs/optimized-ami/amazon-linux-2023${part}/recommended/image_id`;
}

/**
 * The id of the newest ECS-optimised image of Amazon Linux 2023.
 *
 * @throws `servers.no-machine-image`
 */
export async function machineImage(
  clients: Clients,
  context: Context,
  architecture: Architecture,
): Promise<string> {
  const Name = machineImageParameter(architecture);
  const answer = await clients.send(context, "ssm", "GetParameter", { Name });
  const id = answer.Parameter?.Value;
  if (id?.startsWith("ami-") === true) return id;
  throw new DeployError({
    code: "servers.no-machine-image",
    message: `AWS names no machine image for ECS on ${architecture} in ${clients.region} (${Name}).`,
    hint: "Use another region, or fargate().",
  });
}
