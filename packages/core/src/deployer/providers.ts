import type { ResolvedEnvironment } from "../app/resolved.js";
import { isSupported, type Support } from "../elements/capability.js";
import { type DnsProvider, ownedRecords } from "../elements/dns-ownership.js";
import type { OwnedOptions, Provider } from "../elements/provider.js";
import { DeployError, type Problem } from "../errors.js";

/** Names of the members of a provider that are elements or optional powers. */
type Power =
  | "servers"
  | "images"
  | "containers"
  | "logs"
  | "secrets"
  | "ingress"
  | "dns"
  | "certificates"
  | "addons"
  | "access"
  | "lease";

/**
 * The element of a provider, which has to be there.
 *
 * @throws `<element>.unsupported`
 */
export function requireElement<Name extends Power>(
  provider: Provider,
  name: Name,
): NonNullable<Provider[Name]> {
  const element = provider[name];
  if (element !== undefined) return element;
  throw new DeployError({
    code: `${name}.unsupported`,
    message: `The provider ${provider.name} has no ${name === "lease" ? "deploy lock" : name}.`,
    hint: "Name a provider for it in this environment, or use another target.",
  });
}

/**
 * Refuses what a provider says it cannot do, before any call is made.
 *
 * @throws `<element>.unsupported` with the provider's own reason.
 */
export function requireSupport(
  provider: Provider,
  element: Power,
  what: string,
  support: Support | undefined,
): void {
  if (isSupported(support)) return;
  const link = support?.link;
  throw new DeployError({
    code: `${element}.unsupported`,
    message: `${provider.name} cannot ${what}: ${support?.no ?? "it does not offer this"}.`,
    hint: `See what ${provider.name} can do in its documentation, or use another provider for this environment.`,
    ...(link === undefined ? {} : { docs: link }),
    details: { provider: provider.name },
  });
}

/** All problems of one kind as one error; a single one speaks for itself. */
export function problemsError(code: string, heading: string, problems: readonly Problem[]): DeployError {
  const [first] = problems;
  if (problems.length === 1 && first !== undefined) {
    return new DeployError({ code, ...first, problems });
  }
  return new DeployError({
    code,
    message: `${heading}: ${problems.map((problem) => problem.message).join(" ")}`,
    hint: "Each of them has to be settled; nothing was changed.",
    problems,
  });
}

/** Every provider of an environment once, those that are used no longer included. */
export function usedProviders(environment: ResolvedEnvironment): readonly Provider[] {
  const { target, images, logs, secrets, ingress, dns, certificates, addons, access, retired } =
    environment.providers;
  const all = [target, images, logs, secrets, ingress, dns, certificates, addons, access, ...retired];
  return [...new Set(all.filter((provider) => provider !== undefined))];
}

/** Whether a provider answers for DNS. */
export function isDnsProvider(provider: Provider | undefined): provider is DnsProvider {
  return provider?.dns !== undefined;
}

/**
 * The same provider, as the engine asks it what it holds of ours: with its DNS records, which core finds by their
 * markers, and without its logs where they are to be kept.
 */
export function withOwnedRecords(provider: Provider, options?: OwnedOptions): Provider {
  if (!isDnsProvider(provider) && (provider.owned === undefined || options === undefined)) return provider;
  return {
    ...provider,
    owned: async (context, scope) => {
      const [own = [], records = []] = await Promise.all([
        provider.owned?.(context, scope, options),
        isDnsProvider(provider) ? ownedRecords(provider, context, scope) : [],
      ]);
      const known = new Set(own.map((one) => one.id));
      return [...own, ...records.filter((record) => !known.has(record.id))];
    },
  };
}
