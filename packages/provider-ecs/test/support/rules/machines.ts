import { atMost, between, docs, type Input, list, type Rule, record, text, texts, when } from "./rule.js";

const api = docs.ec2Api;
const permitted = /^[a-zA-Z0-9 ._\-:/()#,@[\]+=&;{}!$*]{0,255}$/;
const autoScaling =
  "https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateAutoScalingGroup.html";
const scalable =
  "https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html";

function permissions(input: Input): readonly Input[] {
  return list(input.IpPermissions);
}

const opening = [
  "ec2:AuthorizeSecurityGroupIngress",
  "ec2:AuthorizeSecurityGroupEgress",
  "ec2:RevokeSecurityGroupIngress",
  "ec2:RevokeSecurityGroupEgress",
] as const;

/** Rules of instances, networks and what scales them. */
export const machineRules: readonly Rule[] = [
  {
    rule: "number of instances",
    on: ["ec2:RunInstances"],
    source: api("RunInstances"),
    check: ({ MinCount, MaxCount }) =>
      when(
        Number(MinCount) < 1 || Number(MinCount) > Number(MaxCount),
        `${MinCount} to ${MaxCount} instances`,
      ),
  },
  {
    rule: "user data",
    on: ["ec2:RunInstances", "ec2:CreateLaunchTemplate", "ec2:CreateLaunchTemplateVersion"],
    source: "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-add-user-data.html",
    check(input) {
      const data = text(input.UserData ?? record(input.LaunchTemplateData).UserData);
      return [
        ...when(!/^[A-Za-z0-9+/]*={0,2}$/.test(data) || data.length % 4 !== 0, "UserData is not base64"),
        ...when(Buffer.from(data, "base64").length > 16_384, "UserData of more than 16 KB"),
      ];
    },
  },
  {
    rule: "client token",
    on: ["ec2:RunInstances", "ec2:CreateLaunchTemplate"],
    source: api("RunInstances"),
    check: ({ ClientToken }) =>
      when(!/^[ -~]{0,64}$/.test(text(ClientToken)), "ClientToken of more than 64 ASCII characters"),
  },
  {
    rule: "network of an instance",
    on: ["ec2:RunInstances"],
    source: api("RunInstances"),
    check: ({ NetworkInterfaces, SubnetId, SecurityGroupIds, SecurityGroups }) => [
      ...when(
        list(NetworkInterfaces).length > 0 && (SubnetId !== undefined || texts(SecurityGroupIds).length > 0),
        "subnet or security groups beside NetworkInterfaces",
      ),
      ...when(
        texts(SecurityGroups).length > 0 && SubnetId !== undefined,
        "security groups by name with a subnet",
      ),
    ],
  },
  {
    rule: "metadata",
    on: ["ec2:RunInstances"],
    source: api("InstanceMetadataOptionsRequest"),
    check: ({ MetadataOptions }) =>
      between(record(MetadataOptions).HttpPutResponseHopLimit, 1, 64, "HttpPutResponseHopLimit"),
  },
  {
    rule: "listing by id is not paged",
    on: ["ec2:DescribeInstances"],
    source: api("DescribeInstances"),
    check: ({ MaxResults, InstanceIds }) =>
      when(MaxResults !== undefined && texts(InstanceIds).length > 0, "MaxResults with InstanceIds"),
  },
  {
    rule: "filters",
    on: [
      "DescribeInstances",
      "DescribeSubnets",
      "DescribeVpcs",
      "DescribeSecurityGroups",
      "DescribeAddresses",
    ].map((one) => `ec2:${one}`),
    source: "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html",
    check: ({ Filters }) => [
      ...list(Filters).flatMap(({ Values, Name }) => [
        ...atMost(Values, 200, `values of the filter ${Name}`),
        ...when(texts(Values).length === 0, `filter ${Name} without a value`),
      ]),
    ],
  },
  {
    rule: "name of a security group",
    on: ["ec2:CreateSecurityGroup"],
    source: api("CreateSecurityGroup"),
    check: ({ GroupName, Description }) => [
      ...when(!permitted.test(text(GroupName)) || text(GroupName) === "", `${GroupName} is no name`),
      ...when(text(GroupName).startsWith("sg-"), `${GroupName} begins with sg-`),
      ...when(
        !permitted.test(text(Description)) || text(Description) === "",
        `${Description} is no description`,
      ),
    ],
  },
  {
    rule: "rules of a security group",
    on: opening,
    source: api("IpPermission"),
    check: (input) =>
      permissions(input).flatMap((permission) => {
        const { IpProtocol, FromPort, ToPort, IpRanges, Ipv6Ranges, UserIdGroupPairs, PrefixListIds } =
          permission;
        const isPorts =
          IpProtocol === "tcp" || IpProtocol === "udp" || IpProtocol === "6" || IpProtocol === "17";
        const sources = [IpRanges, Ipv6Ranges, UserIdGroupPairs, PrefixListIds].flatMap(list);
        return [
          ...when(isPorts && (FromPort === undefined || ToPort === undefined), `${IpProtocol} without ports`),
          ...when(isPorts && Number(FromPort) > Number(ToPort), `ports ${FromPort} to ${ToPort}`),
          ...between(isPorts ? FromPort : undefined, 0, 65535, "FromPort"),
          ...between(isPorts ? ToPort : undefined, 0, 65535, "ToPort"),
          ...when(sources.length === 0, "a permission for nobody"),
        ];
      }),
  },
  {
    rule: "descriptions of ranges",
    on: opening,
    source: api("IpRange"),
    check: (input) =>
      permissions(input)
        .flatMap(({ IpRanges, Ipv6Ranges, UserIdGroupPairs }) =>
          [IpRanges, Ipv6Ranges, UserIdGroupPairs].flatMap(list),
        )
        .filter(({ Description }) => !permitted.test(text(Description)))
        .map(({ Description }) => `${Description} is no description`),
  },
  {
    rule: "ranges of addresses",
    on: opening,
    source: api("IpRange"),
    check: (input) =>
      permissions(input)
        .flatMap(({ IpRanges }) => list(IpRanges))
        .filter(({ CidrIp }) => !/^(?:\d{1,3}\.){3}\d{1,3}\/(?:[12]?\d|3[0-2])$/.test(text(CidrIp)))
        .map(({ CidrIp }) => `${CidrIp} is no range`),
  },
  {
    rule: "tags at creation",
    on: ["RunInstances", "CreateSecurityGroup", "AllocateAddress", "CreateLaunchTemplate"].map(
      (one) => `ec2:${one}`,
    ),
    source: api("TagSpecification"),
    check: ({ TagSpecifications }) =>
      list(TagSpecifications).flatMap(({ Tags, ResourceType }) => [
        ...when(ResourceType === undefined, "tags for no kind of resource"),
        ...atMost(Tags, 50, "tags"),
        ...list(Tags).flatMap(({ Key, Value }) => [
          ...when(
            /^aws:/i.test(text(Key)) || text(Key) === "" || text(Key).length > 127,
            `${Key} is no key of a tag`,
          ),
          ...when(text(Value).length > 255, `the value of the tag ${Key} has more than 255 characters`),
        ]),
      ]),
  },
  {
    rule: "addresses in a VPC",
    on: ["ec2:AllocateAddress"],
    source: api("AllocateAddress"),
    check: ({ Domain }) =>
      when(Domain !== undefined && Domain !== "vpc", `there are no addresses of ${Domain}`),
  },
  {
    rule: "size of a group",
    on: ["autoscaling:CreateAutoScalingGroup"],
    source: autoScaling,
    check: ({ MinSize, MaxSize, DesiredCapacity = MinSize }) =>
      when(
        !(Number(MinSize) <= Number(DesiredCapacity) && Number(DesiredCapacity) <= Number(MaxSize)),
        `${DesiredCapacity} is not between ${MinSize} and ${MaxSize}`,
      ),
  },
  {
    rule: "what a group starts",
    on: ["autoscaling:CreateAutoScalingGroup"],
    source: autoScaling,
    check(input) {
      const ways = ["LaunchTemplate", "MixedInstancesPolicy", "LaunchConfigurationName", "InstanceId"];
      const given = ways.filter((way) => input[way] !== undefined);
      return [
        ...when(given.length !== 1, `${given.length} of ${ways.join(", ")}`),
        ...when(
          input.VPCZoneIdentifier === undefined && texts(input.AvailabilityZones).length === 0,
          "neither subnets nor zones",
        ),
        ...when(
          !/^[!-9;-~]{1,255}$/.test(text(input.AutoScalingGroupName)),
          `${input.AutoScalingGroupName} is no name`,
        ),
      ];
    },
  },
  {
    rule: "a service as a target of scaling",
    on: ["application-autoscaling:RegisterScalableTarget", "application-autoscaling:PutScalingPolicy"],
    source: scalable,
    check: ({ ServiceNamespace, ResourceId, ScalableDimension, MinCapacity, MaxCapacity }) =>
      ServiceNamespace !== "ecs"
        ? []
        : [
            ...when(!/^service\/[\w-]+\/[\w-]+$/.test(text(ResourceId)), `${ResourceId} is no service`),
            ...when(
              ScalableDimension !== "ecs:service:DesiredCount",
              `a service has no ${ScalableDimension}`,
            ),
            ...when(Number(MinCapacity ?? 0) < 0, "MinCapacity below 0"),
            ...when(
              MinCapacity !== undefined &&
                MaxCapacity !== undefined &&
                Number(MinCapacity) > Number(MaxCapacity),
              `MinCapacity ${MinCapacity} above MaxCapacity ${MaxCapacity}`,
            ),
          ],
  },
  {
    rule: "what is tracked",
    on: ["application-autoscaling:PutScalingPolicy"],
    source:
      "https://docs.aws.amazon.com/autoscaling/application/APIReference/API_TargetTrackingScalingPolicyConfiguration.html",
    check(input) {
      if (input.PolicyType !== "TargetTrackingScaling") return [];
      const tracking = record(input.TargetTrackingScalingPolicyConfiguration);
      const { PredefinedMetricSpecification: known, CustomizedMetricSpecification: own } = tracking;
      const { PredefinedMetricType, ResourceLabel } = record(known);
      const isPerTarget = PredefinedMetricType === "ALBRequestCountPerTarget";
      return [
        ...when((known === undefined) === (own === undefined), "either a predefined or a customized metric"),
        ...when(
          isPerTarget !== (ResourceLabel !== undefined),
          "a ResourceLabel belongs to ALBRequestCountPerTarget",
        ),
        ...when(
          ResourceLabel !== undefined &&
            !/^app\/[^/]+\/[0-9a-f]+\/targetgroup\/[^/]+\/[0-9a-f]+$/.test(text(ResourceLabel)),
          `${ResourceLabel} is no label`,
        ),
      ];
    },
  },
];
