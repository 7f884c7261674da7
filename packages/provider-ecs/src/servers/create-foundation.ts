import { type AnyResource, output, type Scope } from "@deploy/core";
import type { Clients } from "../clients.js";
import { accountGate } from "../identity.js";
import { doorPortRange } from "../ingress/ports.js";
import { appName, groupIdOf, groupName, groupOf, idOf, shortHash } from "../names.js";
import type { Settings } from "../options.js";
import { appTags, groupTags } from "../tags.js";
import { rolesRested, serviceLinkedRole } from "./account-roles.js";
import { clusterName, clusterOf } from "./cluster.js";
import type { Foundation, Placement } from "./foundation.js";
import { type Ground, type Machines, manyInstances, oneInstance } from "./machines.js";
import { memberOf } from "./members.js";
import { networkOf } from "./network.js";
import { executionPolicy, taskPolicy } from "./role-policies.js";
import { role } from "./roles.js";
import { type IngressRule, itself, securityGroup } from "./security-groups.js";

/** Both kinds of addresses, everywhere. */
const everywhere = ["0.0.0.0/0", "::/0"] as const;

/** What a scope stands on, for each capacity; the same objects at every call. */
export function createFoundations(clients: Clients, settings: Settings): (scope: Scope) => Foundation {
  const known = new Map<string, Foundation>();
  return (scope) => {
    const key = JSON.stringify([scope.app, scope.environment]);
    const present = known.get(key);
    if (present !== undefined) return present;
    const made = createFoundation(clients, settings, scope);
    known.set(key, made);
    return made;
  };
}

/** The names of the security groups of a scope; those in a VPC that was named are others than those in the default one. */
function groupNames(
  settings: Settings,
  scope: Scope,
): { readonly ingress: string; readonly tasks: string; readonly instances: string } {
  const { vpc } = settings.network;
  const where = vpc === undefined ? [] : [shortHash(JSON.stringify(vpc))];
  return {
    ingress: groupName(settings, scope, 255, "ingress", ...where),
    tasks: `deploy-${appName(scope, 240, "tasks", ...where)}`,
    instances: groupName(settings, scope, 255, settings.capacity.kind, "instances", ...where),
  };
}

function createFoundation(clients: Clients, settings: Settings, scope: Scope): Foundation {
  const network = networkOf(clients, settings, scope);
  const cluster = clusterOf(clients, settings, scope);
  const member = memberOf(clients, settings, scope);
  const tags = appTags(settings, scope);
  const executionRole = role(clients, settings, scope, {
    id: idOf(settings, "servers", scope, "role", "execution"),
    label: "role that starts the tasks",
    name: appName(scope, 64, settings.region, "execution"),
    owner: "app",
    tags,
    service: "ecs-tasks.amazonaws.com",
    policy: executionPolicy(settings, scope),
    attached: [],
  });
  const taskRole = role(clients, settings, scope, {
    id: idOf(settings, "servers", scope, "role", "task"),
    label: "role of the tasks",
    name: appName(scope, 64, settings.region, "task"),
    owner: "app",
    tags,
    service: "ecs-tasks.amazonaws.com",
    policy: taskPolicy(),
    attached: settings.taskPolicies,
  });
  const linked = serviceLinkedRole(clients, settings, "ecs");
  const rested = rolesRested(clients, settings, scope, [
    { name: appName(scope, 64, settings.region, "execution"), resource: executionRole as AnyResource },
    { name: appName(scope, 64, settings.region, "task"), resource: taskRole as AnyResource },
  ]);
  const groups = securityGroups(clients, settings, scope, network);
  const { capacity } = settings;
  const name = clusterName(settings, scope);
  const ground: Ground = { scope, clusterName: name, network, cluster, taskGroup: groups.taskGroup };
  const machines: Machines =
    capacity.kind === "instance"
      ? oneInstance(clients, settings, capacity, ground)
      : capacity.kind === "ec2"
        ? manyInstances(clients, settings, capacity, ground)
        : { more: { placement: fargatePlacement(capacity.spot) }, ready: [], resources: [] };
  const ready = [cluster, linked, rested] as readonly AnyResource[];
  const guard = settings.account === undefined ? [] : [accountGate({ clients, settings }, settings.account)];
  const base = [
    ...guard,
    network,
    member,
    linked,
    cluster,
    executionRole,
    taskRole,
    rested,
  ] as readonly AnyResource[];
  return {
    scope,
    clusterName: name,
    networkMode: capacity.kind === "fargate" ? "awsvpc" : "bridge",
    targetType: capacity.kind === "fargate" ? "ip" : "instance",
    ...machines.more,
    network,
    cluster,
    executionRole,
    taskRole,
    ...groups,
    ready: [...ready, ...machines.ready],
    resources: [...base, ...(Object.values(groups) as readonly AnyResource[]), ...machines.resources],
  };
}

type Network = Foundation["network"];

function securityGroups(
  clients: Clients,
  settings: Settings,
  scope: Scope,
  network: Network,
): Pick<Foundation, "ingressGroup" | "taskGroup"> {
  const names = groupNames(settings, scope);
  const { kind } = settings.capacity;
  const vpcId = output(network, (found) => found.vpcId);
  const web: IngressRule[] = ["80", "443", doorPortRange].flatMap((ports) =>
    everywhere.map((from) => ({ protocol: "tcp", ports, from }) as const),
  );
  const shared = { owner: "group", tags: groupTags(settings, scope), vpcId } as const;
  const group = groupOf(settings, scope);
  if (kind === "instance") {
    return {
      taskGroup: securityGroup(clients, settings, scope, {
        ...shared,
        id: groupIdOf(settings, "servers", scope, "security-group", names.instances),
        label: "security group of the instance",
        name: names.instances,
        description: `Instance of the group ${group}: HTTP and HTTPS from everywhere`,
        // HTTP/3 is over UDP.
        ingress: [...web, ...everywhere.map((from) => ({ protocol: "udp", ports: "443", from }) as const)],
        together: [names.instances],
      }),
    };
  }
  const tasks = kind === "ec2" ? names.instances : names.tasks;
  const together = [names.ingress, tasks];
  const ingressGroup = securityGroup(clients, settings, scope, {
    ...shared,
    id: groupIdOf(settings, "servers", scope, "security-group", names.ingress),
    label: "security group of the load balancer",
    name: names.ingress,
    description: `Load balancer of the group ${group}: HTTP and HTTPS from everywhere`,
    ingress: web,
    together,
  });
  // Docker gives dynamic host ports from the ephemeral range ("hostPort", PortMapping in the ECS API reference).
  const ports = kind === "ec2" ? "32768-65535" : "0-65535";
  const fromBoth = [output(ingressGroup, (made) => made.groupId), itself] as const;
  const taskGroup = securityGroup(clients, settings, scope, {
    ...(kind === "ec2" ? shared : { owner: "app", tags: appTags(settings, scope), vpcId }),
    id:
      kind === "ec2"
        ? groupIdOf(settings, "servers", scope, "security-group", tasks)
        : idOf(settings, "servers", scope, "security-group"),
    label: kind === "ec2" ? "security group of the instances" : "security group of the tasks",
    name: tasks,
    description:
      kind === "ec2"
        ? `Instances of the group ${group}: from the load balancer and from each other`
        : `Tasks of ${scope.app} in ${scope.environment}: from the load balancer and from each other`,
    ingress: fromBoth.map((from) => ({ protocol: "tcp", ports, from })),
    together,
  });
  return { ingressGroup, taskGroup };
}

/** At least one instance stays on capacity that is not taken back, unless all of it is to be spare. */
function fargatePlacement(spot: number): Placement {
  if (spot === 0) return strategy([["FARGATE", 1, 0]]);
  if (spot === 1) return strategy([["FARGATE_SPOT", 1, 0]]);
  const weight = Math.max(1, Math.round(spot * 100));
  return strategy([
    ["FARGATE", Math.max(1, 100 - weight), 1],
    ["FARGATE_SPOT", weight, 0],
  ]);
}

function strategy(parts: readonly (readonly [string, number, number])[]): Placement {
  return {
    capacityProviderStrategy: parts.map(([capacityProvider, weight, base]) => ({
      capacityProvider,
      weight,
      base,
    })),
  };
}
