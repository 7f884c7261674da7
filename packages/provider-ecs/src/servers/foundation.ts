import type { AnyResource, Resource, Scope } from "@deploy/core";

/** The network as it was found: nothing of it is made by us. */
export interface NetworkObserved {
  readonly vpcId: string;
  /** The addresses of the VPC, such as `172.31.0.0/16`. */
  readonly cidr: string;
  /** Where tasks and instances go: one subnet per availability zone unless given, sorted by zone. */
  readonly subnetIds: readonly string[];
  /** Where the load balancer goes: one public subnet per availability zone, at least two. */
  readonly publicSubnetIds: readonly string[];
  /** The availability zone of each subnet that is named above. */
  readonly zones: Readonly<Record<string, string>>;
}

/** The group's ECS cluster. */
export interface ClusterObserved {
  readonly name: string;
  readonly arn: string;
  readonly status: string;
  readonly capacityProviders: readonly string[];
}

/** A role of IAM. */
export interface RoleObserved {
  readonly name: string;
  readonly arn: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** Canonical JSON of its own policy; absent when it has none. */
  readonly policy: string | undefined;
  /** Canonical JSON of who may take it. */
  readonly trust: string;
  /** ARNs of further policies, sorted. */
  readonly attached: readonly string[];
}

/** A security group. */
export interface SecurityGroupObserved {
  readonly groupId: string;
  readonly vpcId: string;
  /** What may come in, sorted: `tcp 443 0.0.0.0/0`, `tcp 0-65535 sg-0abc`. */
  readonly ingress: readonly string[];
}

/** The fixed address of `instance()`. */
export interface AddressObserved {
  readonly allocationId: string;
  readonly ipv4: string;
}

/** The instance of `instance()`, once its agent is connected. */
export interface InstanceObserved {
  readonly instanceId: string;
  readonly state: string;
  /** Private address: where tasks in bridge mode reach other tasks of the instance. */
  readonly privateIp: string | undefined;
  readonly availabilityZone: string | undefined;
  readonly instanceType: string;
  /** The volume at {@link Foundation.dataPath}, which outlives the instance. */
  readonly dataVolumeId: string | undefined;
}

/** The instances of `ec2()`, kept in number by a group of EC2 Auto Scaling. */
export interface AutoScalingGroupObserved {
  readonly arn: string;
  readonly min: number;
  readonly max: number;
  readonly subnetIds: readonly string[];
  readonly launchTemplate: string | undefined;
  readonly protectedFromScaleIn: boolean;
  readonly deleting: boolean;
}

/** How a service or RunTask says where its tasks go; spread into the request. */
export type Placement =
  | { readonly launchType: "EC2" }
  | {
      readonly capacityProviderStrategy: readonly {
        readonly capacityProvider: string;
        readonly weight: number;
        readonly base: number;
      }[];
    };

/**
 * What everything else stands on. All of it is resources whose observed state is known late: take values with
 * `output(foundation.cluster, (cluster) => cluster.arn)`, and put `foundation.ready` into `after` of whatever starts tasks.
 */
export interface Foundation {
  readonly scope: Scope;
  /** The cluster's name, known before it exists. */
  readonly clusterName: string;
  /** Fargate: `awsvpc`, target type `ip`. `ec2()` and `instance()`: `bridge` with dynamic host ports, target type `instance`. */
  readonly networkMode: "awsvpc" | "bridge";
  readonly targetType: "ip" | "instance";
  readonly placement: Placement;
  readonly network: Resource<unknown, NetworkObserved>;
  readonly cluster: Resource<unknown, ClusterObserved>;
  /** Pulls images, reads the app's secrets, writes its logs. */
  readonly executionRole: Resource<unknown, RoleObserved>;
  /** What the app's own code may do; ECS Exec included. */
  readonly taskRole: Resource<unknown, RoleObserved>;
  /** Of the shared load balancer: 80 and 443 from everywhere. Absent with `instance()`. */
  readonly ingressGroup?: Resource<unknown, SecurityGroupObserved>;
  /**
   * Fargate: of this app's tasks; from the load balancer and from each other. `ec2()`, `instance()`: of the group's
   * instances; from the load balancer to dynamic ports (32768 to 65535), or 80 and 443 from everywhere.
   */
  readonly taskGroup: Resource<unknown, SecurityGroupObserved>;
  /** `instance()` only: the Elastic IP, known before the instance exists. */
  readonly address?: Resource<unknown, AddressObserved>;
  /** `instance()` only. */
  readonly instance?: Resource<unknown, InstanceObserved>;
  /** Where data of tasks lies on the instance: `/var/lib/deploy/<app>/<environment>`; absent with Fargate. */
  readonly dataPath?: string;
  /** What must be there before a task can be placed. */
  readonly ready: readonly AnyResource[];
  /** Everything, as the servers element plans it. */
  readonly resources: readonly AnyResource[];
}
