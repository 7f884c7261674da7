import type { Context, Foreign, In, Resource, Scope } from "@deploy/core";
import type { Clients } from "../clients.js";
import { isAwsError, unlessGone } from "../errors.js";
import { groupIdOf, groupName, shortHash } from "../names.js";
import type { Ec2Capacity, Settings } from "../options.js";
import { alone, ecsResource, madeByUs, notToBeSeen } from "../resources.js";
import { groupTags, ifOurs, readTags, upperTags } from "../tags.js";
import { machineImageParameter } from "./machine-image.js";
import { userData } from "./user-data.js";

interface Desired {
  readonly instanceType: string;
  readonly profileArn: string;
  readonly securityGroupId: string;
}

/** A launch template; a version of it is never edited, so that the hash in its description stands for its data. */
export interface TemplateObserved {
  readonly hash: string | undefined;
  /** `$Default` must be the newest: that is what the group starts instances with. */
  readonly version: number;
  readonly isDefault: boolean;
}

/** The template's name. The type is in it: an app that asks for another one gets instances of its own. */
function templateName(settings: Settings, scope: Scope, instanceType: string): string {
  return groupName(settings, scope, 128, "ec2", instanceType.replace(".", "-"));
}

/** What the instances of `ec2()` are started from; the newest machine image is looked up by EC2 at each start. */
export function launchTemplateOf(
  clients: Clients,
  settings: Settings,
  scope: Scope,
  capacity: Ec2Capacity,
  cluster: string,
  desired: In<Desired>,
): Resource<Desired, TemplateObserved> {
  const LaunchTemplateName = templateName(settings, scope, capacity.instanceType);
  const label = `launch template ${LaunchTemplateName}`;
  const tags = groupTags(settings, scope);
  const dataOf = (wanted: Desired) => ({
    // EC2 resolves it at each start of an instance ("Use a Systems Manager parameter instead of an AMI ID").
    ImageId: `resolve:ssm:${machineImageParameter(capacity.architecture)}`,
    InstanceType: wanted.instanceType as never,
    IamInstanceProfile: { Arn: wanted.profileArn },
    UserData: userData({ cluster, capacity: "ec2", dataVolume: false }),
    MetadataOptions: {
      HttpTokens: "required",
      HttpPutResponseHopLimit: 1,
      HttpEndpoint: "enabled",
    } as const,
    NetworkInterfaces: [
      {
        DeviceIndex: 0,
        AssociatePublicIpAddress: settings.network.publicAddresses,
        Groups: [wanted.securityGroupId, ...settings.network.securityGroups],
        DeleteOnTermination: true,
      },
    ],
    BlockDeviceMappings: [
      {
        DeviceName: "/dev/xvda",
        Ebs: { VolumeSize: 30, VolumeType: "gp3", Encrypted: true, DeleteOnTermination: true } as const,
      },
    ],
    TagSpecifications: (["instance", "volume"] as const).map((ResourceType) => ({
      ResourceType,
      Tags: upperTags({ ...tags, Name: LaunchTemplateName }),
    })),
  });
  const hashOf = (wanted: Desired): string => shortHash(JSON.stringify(dataOf(wanted)), 32);
  const read = async (
    context: Context,
  ): Promise<TemplateObserved | Foreign<TemplateObserved> | undefined> => {
    const [found, versions] = await Promise.all([
      unlessGone(
        clients.send(context, "ec2", "DescribeLaunchTemplates", {
          LaunchTemplateNames: [LaunchTemplateName],
        }),
      ),
      unlessGone(
        clients.send(context, "ec2", "DescribeLaunchTemplateVersions", {
          LaunchTemplateName,
          Versions: ["$Latest"],
        }),
      ),
    ]);
    const template = found?.LaunchTemplates?.[0];
    const newest = versions?.LaunchTemplateVersions?.[0];
    if (template === undefined || newest === undefined) return undefined;
    const observed = {
      hash: newest.VersionDescription,
      version: newest.VersionNumber ?? 0,
      isDefault: newest.VersionNumber === template.DefaultVersionNumber,
    };
    return ifOurs("group", settings, scope, readTags(template.Tags), label, observed);
  };
  return ecsResource<Desired, TemplateObserved>("servers", {
    id: groupIdOf(settings, "servers", scope, "launch-template", LaunchTemplateName),
    label,
    desired,
    read,
    diff: (late, observed) => {
      const known = typeof late === "object" && Object.values(late).every((one) => typeof one === "string");
      if (!known) return [{ path: "data", from: observed.hash, unknown: true }];
      const to = hashOf(late as Desired);
      return to === observed.hash ? [] : [{ path: "data", from: observed.hash, to }];
    },
    create: async (context, wanted) => {
      const hash = hashOf(wanted);
      const made = await clients
        .send(
          context,
          "ec2",
          "CreateLaunchTemplate",
          {
            LaunchTemplateName,
            VersionDescription: hash,
            LaunchTemplateData: dataOf(wanted),
            TagSpecifications: [{ ResourceType: "launch-template", Tags: upperTags(tags) }],
          },
          { repeatable: true },
        )
        .catch((error: unknown) => {
          if (isAwsError(error, "InvalidLaunchTemplateName.AlreadyExistsException")) return undefined;
          throw error;
        });
      if (made !== undefined) return { hash, version: 1, isDefault: true };
      const found = await read(alone(context));
      if (found === undefined) throw notToBeSeen(label);
      return madeByUs(found, label);
    },
    update: async (context, wanted) => {
      const hash = hashOf(wanted);
      // The group starts instances from `$Latest`; the token makes a repeated call answer with the same version.
      const made = await clients.send(
        context,
        "ec2",
        "CreateLaunchTemplateVersion",
        {
          LaunchTemplateName,
          VersionDescription: hash,
          LaunchTemplateData: dataOf(wanted),
          ClientToken: shortHash(
            `${LaunchTemplateName} ${hash} ${Math.floor(context.clock.now() / 3_600_000)}`,
            32,
          ),
        },
        { repeatable: true },
      );
      return { hash, version: made.LaunchTemplateVersion?.VersionNumber ?? 0, isDefault: false };
    },
  });
}
