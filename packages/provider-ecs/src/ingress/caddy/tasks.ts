import { type AnyResource, type Context, type Out, output, type Resource, type Scope } from "@deploy/core";
import { isAwsError, unlessGone } from "../../errors.js";
import { groupIdOf, groupName, shortHash } from "../../names.js";
import type { Parts } from "../../parts.js";
import { ecsResource } from "../../resources.js";
import { groupTags, ifOurs, lowerTags, readTags, tagKey } from "../../tags.js";
import { caddyOptions } from "./options.js";
import { applyTask, serveTask, type TaskDefinitionInput } from "./task-definitions.js";

/** A task definition by the hash of what it says. */
export interface CaddyTask {
  readonly hash: string;
}

/** A task definition as ECS holds it. */
export interface CaddyTaskObserved extends CaddyTask {
  readonly arn: string;
}

/** Families and names of Caddy on a group's instance. */
export function caddyNames(parts: Parts, scope: Scope): { readonly serve: string; readonly apply: string } {
  return {
    serve: groupName(parts.settings, scope, 255, "proxy"),
    apply: groupName(parts.settings, scope, 255, "proxy-site"),
  };
}

/** The newest task definition of Caddy itself, or of the task that puts sites in place. */
export function caddyTask(
  parts: Parts,
  scope: Scope,
  kind: "serve" | "apply",
): Resource<CaddyTask, CaddyTaskObserved> {
  const { settings, clients } = parts;
  const family = caddyNames(parts, scope)[kind];
  const define = kind === "serve" ? serveTask : applyTask;
  const hash = shortHash(JSON.stringify(define(caddyOptions(settings, family, undefined))), 16);
  const register = async (context: Context): Promise<CaddyTaskObserved> => {
    const tags = lowerTags(groupTags(settings, scope, { [tagKey.hash]: hash }));
    const input: TaskDefinitionInput = define(caddyOptions(settings, family, tags));
    const made = await clients.send(context, "ecs", "RegisterTaskDefinition", input);
    return { hash, arn: made.taskDefinition?.taskDefinitionArn ?? "" };
  };
  return ecsResource<CaddyTask, CaddyTaskObserved>("ingress", {
    id: groupIdOf(settings, "ingress", scope, "proxy", "task", kind),
    label: kind === "serve" ? "task definition of the proxy" : "task definition of the proxy's sites",
    desired: { hash },
    renews: true,
    async read(context) {
      const found = await unlessGone(
        clients
          .send(context, "ecs", "DescribeTaskDefinition", { taskDefinition: family, include: ["TAGS"] })
          .catch((error: unknown) => {
            // ECS says "Unable to describe task definition" for a family that it does not know.
            if (isAwsError(error, "ClientException")) return undefined;
            throw error;
          }),
      );
      const arn = found?.taskDefinition?.taskDefinitionArn;
      if (arn === undefined || found?.taskDefinition?.status === "INACTIVE") return undefined;
      const tags = readTags(found?.tags);
      const observed = { hash: tags[tagKey.hash] ?? "", arn };
      return ifOurs("group", settings, scope, tags, `the task definition ${family}`, observed);
    },
    create: register,
    update: register,
  });
}

/** Caddy on every instance of the cluster. */
export interface ProxyDesired {
  readonly cluster: string;
  readonly taskDefinition: string;
}

/** The service as ECS holds it. */
export interface ProxyObserved extends ProxyDesired {
  readonly arn: string;
}

/**
 * The service that runs Caddy, once on each instance. Another image or other options stop it and start it again, which
 * takes some seconds: two cannot have port 80 at a time. Sites come and go without that.
 */
export function proxyService(parts: Parts, scope: Scope): Resource<ProxyDesired, ProxyObserved> {
  const { settings, clients } = parts;
  const foundation = parts.foundation(scope);
  const { clusterName } = foundation;
  const name = caddyNames(parts, scope).serve;
  const taskDefinition: Out<string> = output(caddyTask(parts, scope, "serve"), ({ arn }) => arn);
  return ecsResource<ProxyDesired, ProxyObserved>("ingress", {
    id: groupIdOf(settings, "ingress", scope, "proxy"),
    label: "proxy",
    desired: { cluster: output(foundation.cluster, (cluster) => cluster.name), taskDefinition },
    after: foundation.ready as readonly AnyResource[],
    async read(context) {
      const answer = await unlessGone(
        clients.send(context, "ecs", "DescribeServices", {
          cluster: clusterName,
          services: [name],
          include: ["TAGS"],
        }),
      );
      const service = answer?.services?.find(({ status }) => status === "ACTIVE");
      if (service === undefined) return undefined;
      const observed = {
        cluster: clusterName,
        taskDefinition: service.taskDefinition ?? "",
        arn: service.serviceArn ?? "",
      };
      return ifOurs("group", settings, scope, readTags(service.tags), `the service ${name}`, observed);
    },
    async create(context, desired) {
      const made = await clients.send(context, "ecs", "CreateService", {
        cluster: desired.cluster,
        serviceName: name,
        taskDefinition: desired.taskDefinition,
        schedulingStrategy: "DAEMON",
        launchType: "EC2",
        clientToken: shortHash(`${name} ${desired.taskDefinition}`, 32),
        deploymentConfiguration: { minimumHealthyPercent: 0, maximumPercent: 100 },
        propagateTags: "SERVICE",
        tags: lowerTags(groupTags(settings, scope)),
      });
      return { ...desired, arn: made.service?.serviceArn ?? "" };
    },
    async update(context, desired, observed) {
      await clients.send(context, "ecs", "UpdateService", {
        cluster: desired.cluster,
        service: name,
        taskDefinition: desired.taskDefinition,
      });
      return { ...observed, ...desired };
    },
  });
}
