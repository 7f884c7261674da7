import type { AnyResource, Resource, Scope } from "@deploy/core";
import type { Clients } from "../clients.js";
import { isAwsError } from "../errors.js";
import { idOf, providerName } from "../names.js";
import type { Settings } from "../options.js";
import { ecsResource } from "../resources.js";
import { eventually } from "./eventually.js";
import { getRole } from "./roles.js";

/** The roles that AWS's services take for themselves, one per account; never removed, they are AWS's. */
const linkedRoles = {
  ecs: { service: "ecs.amazonaws.com", role: "AWSServiceRoleForECS" },
  autoscaling: { service: "autoscaling.amazonaws.com", role: "AWSServiceRoleForAutoScaling" },
} as const;

const taken = [
  "InvalidInput",
  "InvalidInputException",
  "EntityAlreadyExists",
  "EntityAlreadyExistsException",
];

/**
 * The service-linked role of a service, made early: the first cluster and the first service of an account fail without
 * it ("Unable to assume the service linked role", aws/containers-roadmap#2614).
 */
export function serviceLinkedRole(
  clients: Clients,
  settings: Settings,
  which: keyof typeof linkedRoles,
): Resource<Record<string, never>, { readonly present: true }> {
  const { service, role } = linkedRoles[which];
  return ecsResource<Record<string, never>, { readonly present: true }>("servers", {
    id: [providerName, "servers", settings.region, "account", role].join("/"),
    label: `role ${role} of the account`,
    desired: {},
    read: async (context) => {
      // By its path: how the name is spelt is AWS's.
      const input = { PathPrefix: `/aws-service-role/${service}/` };
      const found = await clients.all(context, "iam", "ListRoles", input, (page) => page.Roles);
      return found.length === 0 ? undefined : { present: true };
    },
    create: async (context) => {
      await eventually(context, ["ConcurrentModification"], () =>
        clients.send(
          context,
          "iam",
          "CreateServiceLinkedRole",
          { AWSServiceName: service },
          { repeatable: true },
        ),
      ).catch((error: unknown) => {
        // "Service role name … has been taken in this account": somebody was faster.
        if (!isAwsError(error, ...taken)) throw error;
      });
      return { present: true };
    },
  });
}

/**
 * Opens once the app's roles are old enough to be known everywhere: a task that starts earlier fails, and ECS waits
 * 30 s before it tries again (pulumi/pulumi-awsx#927).
 */
export function rolesRested(
  clients: Clients,
  settings: Settings,
  scope: Scope,
  roles: readonly { readonly name: string; readonly resource: AnyResource }[],
): Resource<Record<string, never>, { readonly restMs: number }> {
  return ecsResource<Record<string, never>, { readonly restMs: number }>("servers", {
    id: idOf(settings, "servers", scope, "roles-rested"),
    label: "roles known to all of AWS",
    desired: {},
    after: roles.map((one) => one.resource),
    pollEvery: 1_000,
    read: async (context) => {
      const found = await Promise.all(roles.map(({ name }) => getRole(clients, settings, context, name)));
      if (found.some((one) => one === undefined)) return undefined;
      const youngest = Math.max(...found.map((one) => one?.CreateDate?.getTime() ?? 0));
      return { restMs: youngest + settings.roleRestSeconds * 1_000 - context.clock.now() };
    },
    pending: ({ restMs }) => (restMs > 0 ? "IAM takes some seconds to tell all of AWS" : undefined),
  });
}
