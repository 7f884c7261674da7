import type { Context, Owned, Scope } from "@deploy/core";
import { DeployError } from "@deploy/core";
import { isAwsError, isGone } from "../../errors.js";
import { groupIdOf, providerName } from "../../names.js";
import type { Finder } from "../../owned.js";
import type { Parts } from "../../parts.js";
import { alone } from "../../resources.js";
import { assertAlone, otherMembers } from "../../servers/members.js";
import { isOfGroup, readTags } from "../../tags.js";
import { placedSite, siteInstances, siteKey } from "./instance-tags.js";
import { runApply } from "./run-apply.js";
import { exitCodes } from "./scripts.js";
import { siteId } from "./site-resource.js";
import { caddyNames } from "./tasks.js";

/** An app's site on the group's instance, and Caddy itself once nobody else uses it. */
export function siteFinder(parts: Parts): Finder {
  return async (context, scope) => {
    const [instances, others, service, definitions] = await Promise.all([
      siteInstances(parts, context, scope),
      otherMembers(parts.clients, parts.settings, context, scope),
      proxyOf(parts, context, scope),
      taskDefinitions(parts, context, scope),
    ]);
    const isPlaced = instances.some(({ tags }) => placedSite(tags, siteKey(scope)) !== undefined);
    const shared = others.length > 0;
    return [
      ...(isPlaced ? [ownedSite(parts, scope)] : []),
      ...(service ? [ownedProxy(parts, scope, shared)] : []),
      ...definitions.map(({ kind, arns }) => ownedDefinitions(parts, scope, kind, arns, shared)),
    ];
  };
}

function ownedSite(parts: Parts, scope: Scope): Owned {
  const { clients } = parts;
  const key = siteKey(scope);
  return {
    id: siteId(parts, scope),
    label: "site",
    provider: providerName,
    element: "ingress",
    async remove(context) {
      const instances = await siteInstances(parts, alone(context), scope);
      const found = instances.find(({ tags }) => placedSite(tags, key) !== undefined);
      if (found === undefined) return;
      const code = await runApply(parts, context, scope, { text: "", ports: [] }).catch((error: unknown) => {
        // Without Caddy there is nothing that serves it.
        if (isGone(error)) return exitCodes.done;
        throw error;
      });
      if (code !== exitCodes.done && code !== exitCodes.notRunning) throw stuckSite(code);
      await clients
        .send(
          context,
          "ec2",
          "DeleteTags",
          { Resources: [found.instanceId], Tags: [{ Key: key }] },
          { repeatable: true },
        )
        .catch(unlessGoneAlready);
    },
  };
}

function ownedProxy(parts: Parts, scope: Scope, shared: boolean): Owned {
  const { clients, settings } = parts;
  return {
    id: groupIdOf(settings, "ingress", scope, "proxy"),
    label: "proxy",
    provider: providerName,
    element: "ingress",
    after: [siteId(parts, scope)],
    ...(shared ? { shared } : {}),
    async remove(context) {
      await assertAlone(clients, settings, context, scope, "The proxy");
      const cluster = parts.foundation(scope).clusterName;
      const service = caddyNames(parts, scope).serve;
      await clients
        .send(context, "ecs", "DeleteService", { cluster, service, force: true }, { repeatable: true })
        .catch(unlessGoneAlready);
    },
  };
}

function ownedDefinitions(
  parts: Parts,
  scope: Scope,
  kind: "serve" | "apply",
  arns: readonly string[],
  shared: boolean,
): Owned {
  const { clients, settings } = parts;
  const proxy = groupIdOf(settings, "ingress", scope, "proxy");
  return {
    id: groupIdOf(settings, "ingress", scope, "proxy", "task", kind),
    label: kind === "serve" ? "task definition of the proxy" : "task definition of the proxy's sites",
    provider: providerName,
    element: "ingress",
    after: [proxy, siteId(parts, scope)],
    ...(shared ? { shared } : {}),
    async remove(context) {
      await assertAlone(clients, settings, context, scope, "The proxy's task definition");
      for (const taskDefinition of arns) {
        await clients
          .send(context, "ecs", "DeregisterTaskDefinition", { taskDefinition }, { repeatable: true })
          .catch(unlessGoneAlready);
      }
      for (let at = 0; at < arns.length; at += 10) {
        const some = arns.slice(at, at + 10);
        await clients.send(
          context,
          "ecs",
          "DeleteTaskDefinitions",
          { taskDefinitions: some },
          { repeatable: true },
        );
      }
    },
  };
}

async function proxyOf(parts: Parts, context: Context, scope: Scope): Promise<boolean> {
  const { clients, settings } = parts;
  const answer = await clients
    .send(context, "ecs", "DescribeServices", {
      cluster: parts.foundation(scope).clusterName,
      services: [caddyNames(parts, scope).serve],
      include: ["TAGS"],
    })
    .catch((error: unknown) => {
      if (isGone(error)) return undefined;
      throw error;
    });
  const service = answer?.services?.find(({ status }) => status === "ACTIVE");
  return service !== undefined && isOfGroup(readTags(service.tags), settings, scope);
}

/** All revisions of both families that are still there. */
async function taskDefinitions(
  parts: Parts,
  context: Context,
  scope: Scope,
): Promise<readonly { kind: "serve" | "apply"; arns: readonly string[] }[]> {
  const names = caddyNames(parts, scope);
  const lists = await Promise.all(
    (["serve", "apply"] as const).map(async (kind) => {
      const arns = await parts.clients.all(
        context,
        "ecs",
        "ListTaskDefinitions",
        { familyPrefix: names[kind] },
        (page) => page.taskDefinitionArns,
      );
      return { kind, arns };
    }),
  );
  return lists.filter(({ arns }) => arns.length > 0);
}

function unlessGoneAlready(error: unknown): void {
  if (!isGone(error) && !isAwsError(error, "ServiceNotActiveException", "InvalidInstanceID.NotFound"))
    throw error;
}

function stuckSite(code: number): DeployError {
  return new DeployError({
    code: "ingress.site-failed",
    message: `The proxy did not take this app's site away: its task ended with ${code}.`,
    hint: "Run again; if it stays so, look at the other apps' sites on the instance.",
    details: { exitCode: code },
  });
}
