import { output, type Resource, type Scope } from "@deploy/core";
import { isAwsError } from "../../errors.js";
import { groupIdOf } from "../../names.js";
import type { Parts } from "../../parts.js";
import { ecsResource } from "../../resources.js";
import { groupTags, upperTags } from "../../tags.js";
import { loadBalancer } from "./load-balancer.js";
import { nowhere, textOf } from "./rules.js";
import { balancerState, listenerOn } from "./state.js";

/** A listener whose default answers nothing but 404. */
export interface ListenerDesired {
  readonly balancer: string;
  readonly default: string;
}

/** The listener as ELB holds it. */
export interface ListenerObserved extends ListenerDesired {
  readonly arn: string;
}

/** Port 80 of the load balancer: what no rule wants, leads nowhere. Goes with the load balancer. */
export function httpListener(parts: Parts, scope: Scope): Resource<ListenerDesired, ListenerObserved> {
  const balancer = loadBalancer(parts, scope);
  const id = groupIdOf(parts.settings, "ingress", scope, "listener", "80");
  return ecsResource<ListenerDesired, ListenerObserved>("ingress", {
    id,
    label: "listener on port 80",
    desired: { balancer: output(balancer, ({ arn }) => arn), default: textOf(nowhere) },
    async read(context) {
      const state = await balancerState(parts, context, scope);
      const listener = listenerOn(state, 80);
      if (state === undefined || listener === undefined) return undefined;
      return { balancer: state.arn, default: textOf(listener.action), arn: listener.arn };
    },
    async create(context, desired) {
      const made = await parts.clients
        .send(context, "elb", "CreateListener", {
          LoadBalancerArn: desired.balancer,
          Port: 80,
          Protocol: "HTTP",
          DefaultActions: [nowhere],
          Tags: upperTags(groupTags(parts.settings, scope)),
        })
        .catch((error: unknown) => {
          // Another app of the group was faster: it is the same listener.
          if (isAwsError(error, "DuplicateListener", "DuplicateListenerException")) return undefined;
          throw error;
        });
      return { ...desired, arn: made?.Listeners?.[0]?.ListenerArn ?? "" };
    },
    async update(context, desired, observed) {
      await parts.clients.send(context, "elb", "ModifyListener", {
        ListenerArn: observed.arn,
        DefaultActions: [nowhere],
      });
      return { ...observed, ...desired };
    },
  });
}
