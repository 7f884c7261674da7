import { type Context, DeployError, type Scope } from "@deploy/core";
import type { Clients } from "../clients.js";
import { awsCodeOf } from "../errors.js";
import { groupName, shortHash } from "../names.js";
import type { InstanceCapacity, Settings } from "../options.js";
import { notToBeSeen } from "../resources.js";
import { groupTags, tagKey, upperTags } from "../tags.js";
import { type DataVolume, dataDevice, findDataVolumes } from "./data-volume.js";
import { eventually } from "./eventually.js";
import type { InstanceObserved } from "./foundation.js";
import { machineImage } from "./machine-image.js";
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

/** Starts the instance, with the data volume that an earlier one left, or with a new one. */
export async function launch(
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
