import type { Finder } from "../owned.js";
import type { Parts } from "../parts.js";
import { balancerFinder } from "./alb/owned.js";
import { siteFinder } from "./caddy/owned.js";

/** Everything of the ingress, of both kinds: an app that has moved from one to the other leaves nothing behind. */
export function ingressFinder(parts: Parts): Finder {
  const finders = [balancerFinder(parts), siteFinder(parts)];
  return async (context, scope, options) =>
    (await Promise.all(finders.map((find) => find(context, scope, options)))).flat();
}
