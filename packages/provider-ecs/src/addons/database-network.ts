import { type AnyResource, output, type Resource, type Scope } from "@deploy/core";
import type { Parts } from "../parts.js";
import type { SecurityGroupObserved } from "../servers/foundation.js";
import { securityGroup } from "../servers/security-groups.js";
import { appTags, tagKey } from "../tags.js";
import { addonId, addonName, addonTag } from "./names.js";

/** Tags of what a managed add-on is made of. */
export function addonTags(
  parts: Pick<Parts, "settings">,
  scope: Scope,
  addon: string,
): Readonly<Record<string, string>> {
  return appTags(parts.settings, scope, { [addonTag]: addon, [tagKey.part]: "addon" });
}

/** The add-on's security group: its port, from the app's tasks and from nobody else. */
export function databaseGroup(
  parts: Parts,
  scope: Scope,
  addon: string,
  port: number,
): Resource<unknown, SecurityGroupObserved> {
  const foundation = parts.foundation(scope);
  const name = `deploy-${addonName(scope, addon, 240)}`;
  const from = output(foundation.taskGroup, (group) => group.groupId);
  return securityGroup(parts.clients, parts.settings, scope, {
    id: addonId(parts.settings, scope, addon, "security-group"),
    label: `security group of ${addon}`,
    name,
    description: `${addon} of ${scope.app} in ${scope.environment}: from its tasks`,
    owner: "app",
    tags: addonTags(parts, scope, addon),
    vpcId: output(foundation.network, (network) => network.vpcId),
    ingress: [{ protocol: "tcp", ports: String(port), from }],
    together: [name],
  }) as AnyResource as Resource<unknown, SecurityGroupObserved>;
}
