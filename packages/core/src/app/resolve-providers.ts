import type { Provider } from "../elements/provider.js";
import type { ResolvedProviders } from "./resolved.js";
import type { EnvironmentInput, Target } from "./types.js";

/**
 * Which provider answers for which element: the one that the environment names for it, else the target.
 *
 * DNS and certificates may be absent. Certificates are of the first provider whose kind the ingress can terminate:
 * the target, the ingress, then DNS. Whether a provider has the element at all is for `checkCapabilities` to say.
 */
export function resolveProviders(environment: EnvironmentInput, target: Target): ResolvedProviders {
  const ingress = environment.ingress ?? target;
  const dns = environment.dns ?? (target.dns === undefined ? undefined : target);
  const certificates = environment.certificates ?? firstIssuer([target, ingress, dns], ingress);
  return {
    target,
    images: environment.images ?? target,
    logs: environment.logs ?? target,
    secrets: environment.secretStore ?? target,
    ingress,
    ...(dns === undefined ? {} : { dns }),
    ...(certificates === undefined ? {} : { certificates }),
    addons: environment.addonProvider ?? target,
    ...(environment.access === undefined ? {} : { access: environment.access }),
    retired: environment.retired ?? [],
  };
}

function firstIssuer(candidates: readonly (Provider | undefined)[], ingress: Provider): Provider | undefined {
  const kinds = ingress.ingress?.capabilities.certificateKinds ?? [];
  return candidates.find((candidate) => {
    const kind = candidate?.certificates?.capabilities.kind;
    return kind !== undefined && kinds.includes(kind);
  });
}
