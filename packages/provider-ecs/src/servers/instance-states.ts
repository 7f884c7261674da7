import type { Context } from "@deploy/core";
import type { Clients } from "../clients.js";
import { unlessGone } from "../errors.js";

/** The states of instances by their ids; of those that EC2 has forgotten there is none. */
export async function getInstanceStates(
  clients: Clients,
  context: Context,
  InstanceIds: readonly string[],
): Promise<readonly string[]> {
  const answer = await unlessGone(
    clients.send(context, "ec2", "DescribeInstances", { InstanceIds: [...InstanceIds] }),
  );
  return (answer?.Reservations ?? [])
    .flatMap((one) => one.Instances ?? [])
    .flatMap((one) => one.State?.Name ?? []);
}
