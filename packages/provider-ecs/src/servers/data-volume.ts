import type { Context, Scope } from "@deploy/core";
import type { Clients } from "../clients.js";
import type { Settings } from "../options.js";
import { partFilters } from "./address.js";

/** How the device of the data volume is called when it is attached. */
export const dataDevice: string = "/dev/sdf";

/** A volume of the group that keeps data. */
export interface DataVolume {
  readonly volumeId: string;
  readonly zone: string;
  readonly gigabytes: number;
  readonly attachedTo: string | undefined;
}

/** The volumes of the group that keep data, the oldest first. */
export async function findDataVolumes(
  clients: Clients,
  settings: Settings,
  context: Context,
  scope: Scope,
): Promise<readonly DataVolume[]> {
  const found = await clients.all(
    context,
    "ec2",
    "DescribeVolumes",
    { Filters: partFilters(settings, scope, "instance") },
    (page) => page.Volumes,
  );
  return (
    found
      // The instance's disk carries the same tags, and goes with it.
      .filter((one) => (one.Attachments ?? []).every((attachment) => attachment.Device === dataDevice))
      .sort((a, b) => (a.CreateTime?.getTime() ?? 0) - (b.CreateTime?.getTime() ?? 0))
      .map((one) => ({
        volumeId: one.VolumeId ?? "",
        zone: one.AvailabilityZone ?? "",
        gigabytes: one.Size ?? 0,
        attachedTo: one.Attachments?.[0]?.InstanceId,
      }))
  );
}
