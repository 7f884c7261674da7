import type { Provider } from "../elements/provider.js";
import { usedProviders } from "./providers.js";
import { guardedContext, type Session } from "./session.js";
import type { EnvironmentCost } from "./types.js";

/**
 * What the environment costs in a month, asked of every provider that has a price list, all at once.
 *
 * A provider which is used no longer is asked too: what it still holds is still paid for.
 */
export async function cost(session: Session): Promise<EnvironmentCost> {
  const { environment } = session;
  const context = await guardedContext(session);
  const providers = usedProviders(environment);
  const estimates = await Promise.all(
    providers.map(async ({ name, costs }) =>
      costs === undefined ? [] : [{ provider: name, ...(await costs.estimate(context, environment)) }],
    ),
  );
  return {
    estimates: estimates.flat(),
    // Who holds nothing but grants bears no cost of the environment.
    unknown: providers
      .filter(
        (one) => one.costs === undefined && !(one === environment.providers.access && isGrantsOnly(one)),
      )
      .map(({ name }) => name),
  };
}

function isGrantsOnly({
  servers,
  images,
  containers,
  logs,
  secrets,
  ingress,
  dns,
  addons,
}: Provider): boolean {
  return [servers, images, containers, logs, secrets, ingress, dns, addons].every((one) => one === undefined);
}
