import { type Context, DeployError, type In, type Resource, type Scope } from "@deploy/core";
import type { Clients } from "../clients.js";
import { awsCodeOf } from "../errors.js";
import { groupIdOf, groupName, groupOf, shortHash } from "../names.js";
import type { InstanceCapacity, Settings } from "../options.js";
import { alone, ecsResource, notToBeSeen, readOnce } from "../resources.js";
import { groupTags, tagKey, upperTags } from "../tags.js";
import { partFilters } from "./address.js";
import { eventually } from "./eventually.js";
import type { InstanceObserved } from "./foundation.js";
import { machineImage } from "./machine-image.js";
import { listContainerInstances } from "./status.js";
import { userData } from "./user-data.js";

/** What the one instance should be. */
export interface InstanceDesired {
  readonly instanceType: string;
  readonly subnetIds: readonly string[];
  readonly zones: Readonly<Record<string, string>>;
  readonly securityGroupId: string;
  readonly profileArn: string;
  /** Part of the token that makes RunInstances safe to repeat: another address, another group of that name. */
  readonly allocationId: string;
}

/** How the device of the data volume is called when it is attached. */
const dataDevice = "/dev/sdf";
/** States of an instance that is not gone. */
const alive = ["pending", "running", "stopping", "stopped"];

/** The id of the instance as a resource. */
export function instanceId(settings: Settings, scope: Scope): string {
  return groupIdOf(settings, "servers", scope, "instance");
}

/**
 * The one instance of the group. What runs on it keeps its data on a volume of its own, which outlives the instance.
 *
 * A stopped one is started again. One of another type is replaced only by word (`instance({ replace: "i-…" })`).
 */
export function instanceOf(
  clients: Clients,
  settings: Settings,
  scope: Scope,
  capacity: InstanceCapacity,
  cluster: string,
  desired: In<InstanceDesired>,
): Resource<InstanceDesired, InstanceObserved> {
  return ecsResource<InstanceDesired, InstanceObserved>("servers", {
    id: instanceId(settings, scope),
    label: `instance (${capacity.instanceType})`,
    // Another instance has another id, which the address has to lead to.
    renews: true,
    desired,
    read: async (context) => (await findInstances(clients, settings, context, scope))[0],
    diff: (_desired, observed) => [
      ...(observed.instanceType === capacity.instanceType
        ? []
        : [{ path: "instanceType", from: observed.instanceType, to: capacity.instanceType }]),
      ...(observed.state === "stopped" ? [{ path: "state", from: "stopped", to: "running" }] : []),
    ],
    pending: (observed) => (observed.state === "running" ? undefined : `the instance is ${observed.state}`),
    blocked: (observed) => {
      if (observed === undefined || observed.instanceType === capacity.instanceType) return undefined;
      if (observed.instanceId === capacity.replace) return undefined;
      return {
        code: "servers.instance-differs",
        message: `The instance ${observed.instanceId} is a ${observed.instanceType}, not a ${capacity.instanceType}, and every app of the group ${groupOf(settings, scope)} on it is down while it is replaced.`,
        hint: `Replace it by word: instance({ instanceType: "${capacity.instanceType}", replace: "${observed.instanceId}" }). Its data volume is kept.`,
      };
    },
    create: (context, wanted) => launch(clients, settings, scope, capacity, cluster, context, wanted),
    update: async (context, wanted, observed) => {
      const InstanceIds = [observed.instanceId];
      if (observed.instanceType === capacity.instanceType) {
        await clients.send(context, "ec2", "StartInstances", { InstanceIds }, { repeatable: true });
        return { ...observed, state: "pending" };
      }
      context.log(`Terminating ${observed.instanceId}; its data volume stays.`);
      await clients.send(context, "ec2", "TerminateInstances", { InstanceIds }, { repeatable: true });
      return launch(clients, settings, scope, capacity, cluster, context, wanted);
    },
  });
}

/** The instances of the group that are not gone, the oldest first. Once per plan. */
export function findInstances(
  clients: Clients,
  settings: Settings,
  context: Context,
  scope: Scope,
): Promise<readonly InstanceObserved[]> {
  const Filters = [
    ...partFilters(settings, scope, "instance"),
    { Name: "instance-state-name", Values: alive },
  ];
  return readOnce(settings, context, `instances ${groupOf(settings, scope)}`, async () => {
    const reservations = await clients.all(
      context,
      "ec2",
      "DescribeInstances",
      { Filters },
      (page) => page.Reservations,
    );
    return reservations
      .flatMap((one) => one.Instances ?? [])
      .sort((a, b) => (a.LaunchTime?.getTime() ?? 0) - (b.LaunchTime?.getTime() ?? 0))
      .map((one) => ({
        instanceId: one.InstanceId ?? "",
        state: one.State?.Name ?? "pending",
        privateIp: one.PrivateIpAddress,
        availabilityZone: one.Placement?.AvailabilityZone,
        instanceType: one.InstanceType ?? "",
        dataVolumeId: one.BlockDeviceMappings?.find((disk) => disk.DeviceName === dataDevice)?.Ebs?.VolumeId,
      }));
  });
}

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

/** Starts the instance, with the data volume that an earlier one left, or with a new one. */
async function launch(
  clients: Clients,
  settings: Settings,
  scope: Scope,
  capacity: InstanceCapacity,
  cluster: string,
  context: Context,
  wanted: InstanceDesired,
): Promise<InstanceObserved> {
  const [image, [volume]] = await Promise.all([
    machineImage(clients, context, capacity.architecture),
    findDataVolumes(clients, settings, context, scope),
  ]);
  const subnets = wanted.subnetIds.filter((id) => volume === undefined || wanted.zones[id] === volume.zone);
  if (subnets.length === 0) {
    throw new DeployError({
      code: "servers.zone-gone",
      message: `The data volume ${volume?.volumeId} is in ${volume?.zone}, and no subnet of the network is there.`,
      hint: "Name a subnet of that zone (network: { subnets: […] }), or move the volume by a snapshot.",
    });
  }
  const made = await runInSomeZone(subnets, (subnetId) =>
    run(clients, settings, scope, capacity, cluster, context, { wanted, image, subnetId, volume }),
  );
  if (volume !== undefined) await attach(clients, context, volume.volumeId, made);
  return {
    instanceId: made,
    state: "pending",
    privateIp: undefined,
    availabilityZone: volume?.zone,
    instanceType: capacity.instanceType,
    dataVolumeId: volume?.volumeId,
  };
}

/** A zone may not have the type, or none of it left just now: then the next one is asked. */
async function runInSomeZone(
  subnets: readonly string[],
  runIn: (subnetId: string) => Promise<string>,
): Promise<string> {
  for (const [index, subnetId] of subnets.entries()) {
    try {
      return await runIn(subnetId);
    } catch (error) {
      const code = awsCodeOf(error);
      const elsewhere = code === "InsufficientInstanceCapacity" || code === "Unsupported";
      if (!elsewhere || index === subnets.length - 1) throw error;
    }
  }
  throw notToBeSeen("a subnet");
}

interface Launch {
  readonly wanted: InstanceDesired;
  readonly image: string;
  readonly subnetId: string;
  readonly volume: DataVolume | undefined;
}

async function run(
  clients: Clients,
  settings: Settings,
  scope: Scope,
  capacity: InstanceCapacity,
  cluster: string,
  context: Context,
  { wanted, image, subnetId, volume }: Launch,
): Promise<string> {
  const tags = groupTags(settings, scope, {
    [tagKey.part]: "instance",
    Name: groupName(settings, scope, 128, "instance"),
  });
  const base = [
    wanted.allocationId,
    wanted.instanceType,
    subnetId,
    image,
    wanted.profileArn,
    volume?.volumeId,
  ];
  for (let generation = 0; ; generation += 1) {
    const input = {
      // Repeating is safe: AWS answers with the instance that this token has made.
      ClientToken: shortHash(JSON.stringify([...base, generation]), 32),
      MinCount: 1,
      MaxCount: 1,
      ImageId: image,
      InstanceType: wanted.instanceType as NonNullable<Parameters<typeof runInstances>[2]["InstanceType"]>,
      IamInstanceProfile: { Arn: wanted.profileArn },
      UserData: userData({ cluster, capacity: "instance", dataVolume: true }),
      // One hop: the agent reaches the instance's role, a task behind Docker's bridge does not.
      MetadataOptions: { HttpTokens: "required", HttpPutResponseHopLimit: 1, HttpEndpoint: "enabled" },
      NetworkInterfaces: [
        {
          DeviceIndex: 0,
          SubnetId: subnetId,
          Groups: [wanted.securityGroupId, ...settings.network.securityGroups],
          // Until the fixed address leads here, the agent needs another one.
          AssociatePublicIpAddress: true,
        },
      ],
      BlockDeviceMappings: [
        {
          DeviceName: "/dev/xvda",
          Ebs: { VolumeSize: capacity.disk, VolumeType: "gp3", DeleteOnTermination: true, Encrypted: true },
        },
        ...(volume === undefined
          ? [
              {
                DeviceName: dataDevice,
                Ebs: {
                  VolumeSize: capacity.dataDisk,
                  VolumeType: "gp3",
                  DeleteOnTermination: false,
                  Encrypted: true,
                } as const,
              },
            ]
          : []),
      ],
      TagSpecifications: [
        { ResourceType: "instance", Tags: upperTags(tags) },
        { ResourceType: "volume", Tags: upperTags(tags) },
      ],
    } satisfies Parameters<typeof runInstances>[2];
    const made = await runInstances(clients, context, input);
    // A token may have been used by an instance that is gone by now.
    if (made.state !== "terminated" && made.state !== "shutting-down") return made.id;
    if (generation === 20) throw notToBeSeen("the instance");
  }
}

async function runInstances(
  clients: Clients,
  context: Context,
  input: Parameters<typeof sendRunInstances>[2],
): Promise<{ readonly id: string; readonly state: string | undefined }> {
  // "Invalid IAM Instance Profile": it was made a moment ago.
  const answer = await eventually(
    context,
    ["InvalidParameterValue", "InvalidGroup.NotFound"],
    () => sendRunInstances(clients, context, input),
    (error) => /instance ?profile|InvalidGroup|security group/i.test(String((error as Error).message)),
  );
  const made = answer.Instances?.[0];
  if (made?.InstanceId === undefined) throw notToBeSeen("the instance");
  return { id: made.InstanceId, state: made.State?.Name };
}

function sendRunInstances(
  clients: Clients,
  context: Context,
  input: Parameters<typeof clients.send<"ec2", "RunInstances">>[3],
): ReturnType<typeof clients.send<"ec2", "RunInstances">> {
  return clients.send(context, "ec2", "RunInstances", input, { repeatable: true });
}

/** Waits until the volume is free and the instance runs; the instance itself waits for the volume meanwhile. */
async function attach(
  clients: Clients,
  context: Context,
  VolumeId: string,
  InstanceId: string,
): Promise<void> {
  await eventually(
    context,
    ["VolumeInUse", "IncorrectState", "IncorrectInstanceState", "InvalidInstanceID.NotFound"],
    async () => {
      const free = await clients.send(context, "ec2", "DescribeVolumes", { VolumeIds: [VolumeId] });
      if (free.Volumes?.[0]?.Attachments?.some((one) => one.InstanceId === InstanceId) === true) return;
      await clients.send(context, "ec2", "AttachVolume", { VolumeId, InstanceId, Device: dataDevice });
    },
    undefined,
    60,
  );
}

/** Opens once the agent of the instance is connected: no task can be placed before. */
export function connectedOf(
  clients: Clients,
  settings: Settings,
  scope: Scope,
  cluster: string,
  instance: In<string>,
): Resource<{ readonly instanceId: string }, { readonly connected: readonly string[] }> {
  return ecsResource<{ readonly instanceId: string }, { readonly connected: readonly string[] }>("servers", {
    id: groupIdOf(settings, "servers", scope, "agent"),
    label: "agent of the instance",
    desired: { instanceId: instance },
    read: async (context) => {
      const found = await listContainerInstances({ clients }, alone(context), cluster);
      return {
        connected: found
          .filter((one) => one.status === "ACTIVE" && one.connected)
          .map((one) => one.instanceId),
      };
    },
    diff: (desired, { connected }) => {
      const wanted = typeof desired === "object" ? desired.instanceId : undefined;
      if (typeof wanted === "string" && connected.includes(wanted)) return [];
      return [{ path: "agent", from: connected, to: "connected" }];
    },
  });
}
