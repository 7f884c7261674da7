import type { Support } from "../elements/capability.js";
import type { Provider } from "../elements/provider.js";
import type { ElementName } from "../elements/scope.js";
import type { Problem } from "../errors.js";
import { formatPath } from "./report.js";
import type { ResolvedDomain, ResolvedEnvironment } from "./resolved.js";
import { elementOptions } from "./validate-providers.js";

/**
 * What the environment needs and its providers cannot do, as they declare it: no call is made.
 *
 * Empty when everything is there. Messages name the provider and its reason, hints what to change and where to read on.
 */
export function checkCapabilities(environment: ResolvedEnvironment): readonly Problem[] {
  return [
    ...missingElements(environment),
    ...checkImages(environment),
    ...checkContainers(environment),
    ...checkSecrets(environment),
    ...checkAddons(environment),
    ...checkTraffic(environment),
  ];
}

/** The problem that `support` is not a yes; nothing when it is. */
function need(
  who: Provider,
  support: Support | undefined,
  what: string,
  hint: string | undefined,
): readonly Problem[] {
  if (support === true) return [];
  const reason = support === undefined ? "it does not say that it can" : support.no.trim().replace(/\.$/, "");
  const link = support?.link === undefined ? undefined : `See ${support.link}.`;
  const full = [hint, link].filter((part) => part !== undefined).join(" ");
  return [{ message: `${who.name} cannot ${what}: ${reason}.`, ...(full === "" ? {} : { hint: full }) }];
}

function missingElements(environment: ResolvedEnvironment): readonly Problem[] {
  const { providers, processes, domains } = environment;
  const published = processes.some((process) => process.listens && !process.internal);
  const needed: readonly (readonly [ElementName, Provider, boolean, string])[] = [
    ["containers", providers.target, true, "which every environment needs"],
    ["images", providers.images, true, "which every environment needs"],
    ["logs", providers.logs, true, "which every environment needs"],
    ["secrets", providers.secrets, environment.secrets.length > 0, "and the app declares secrets"],
    ["ingress", providers.ingress, published || domains.length > 0, "and the app serves requests"],
    ["addons", providers.addons, environment.addons.length > 0, "and the app declares add-ons"],
  ];
  return needed
    .filter(([element, provider, isNeeded]) => isNeeded && provider[element] === undefined)
    .map(([element, provider, , why]) => ({
      message: `${provider.name} has no ${element}, ${why}.`,
      hint: `Name a provider that has: ${optionPath(environment, optionOf(element))}.`,
    }));
}

function optionPath(environment: ResolvedEnvironment, option: string): string {
  return formatPath(["environments", environment.name, option]);
}

function optionOf(element: ElementName): string {
  return Object.entries(elementOptions).find(([, other]) => other === element)?.[0] ?? element;
}

/**
 * With a Dockerfile the build command is not needed, and the other way round: one of them has to be possible. Where
 * source runs as it is, the Dockerfile of the other environments is no obstacle.
 */
function checkImages({ providers, build }: ResolvedEnvironment): readonly Problem[] {
  const can = providers.images.images?.capabilities;
  if (can === undefined || can.dockerfile === true) return [];
  if (build.command !== undefined) {
    const hint = "Remove build.command, or choose another provider for images.";
    return need(providers.images, can.buildCommand, "run a build command", hint);
  }
  if (build.dockerfile === undefined || can.buildCommand === true) return [];
  const hint = "Add build.command: what builds the app where there are no containers.";
  return need(providers.images, can.dockerfile, `build ${build.dockerfile}`, hint);
}

function checkContainers(environment: ResolvedEnvironment): readonly Problem[] {
  const { target } = environment.providers;
  const can = target.containers?.capabilities;
  if (can === undefined) return [];
  const problems: Problem[] = [];
  if (environment.release !== undefined) {
    const hint = `Set ${optionPath(environment, "release")}: false, and run it by hand.`;
    problems.push(...need(target, can.releaseCommand, "run a release command", hint));
  }
  if (environment.jobs.length > 0) {
    const jobs = list(environment.jobs);
    const off = environment.jobs.map((job) => `${job.name}: false`).join(", ");
    const hint = `Switch off what cannot run: ${optionPath(environment, "jobs")}: { ${off} }.`;
    problems.push(...need(target, can.jobs, `run jobs (${jobs})`, hint));
  }
  const internal = environment.processes.filter((process) => process.internal);
  if (internal.length > 0) {
    const what = `let processes find each other (${list(internal)})`;
    problems.push(...need(target, can.internalAddresses, what, "Choose another target, or remove internal."));
  }
  const keeping = environment.processes.filter((process) => Object.keys(process.volumes).length > 0);
  if (keeping.length > 0) {
    const what = `keep volumes (${list(keeping)})`;
    problems.push(...need(target, can.volumes, what, "Keep files in an add-on or an object store instead."));
  }
  return problems;
}

/** A value that is kept where the processes cannot be given it from would never reach them, and nobody would be told. */
function checkSecrets({ providers, secrets }: ResolvedEnvironment): readonly Problem[] {
  const { target, secrets: store } = providers;
  const can = target.containers?.capabilities;
  if (can === undefined || secrets.length === 0 || store.name === target.name) return [];
  const support = can.otherSecretStores ?? { no: "it gives processes the secrets of its own store only" };
  return need(target, support, `take secrets from ${store.name}`, "Leave out secretStore.");
}

function checkAddons({ providers, addons }: ResolvedEnvironment): readonly Problem[] {
  const can = providers.addons.addons?.capabilities;
  if (can === undefined) return [];
  const offered = Object.keys(can.kinds).filter((kind) => can.kinds[kind] === true);
  const choice = offered.length === 0 ? "It offers none at all." : `It offers ${offered.join(", ")}.`;
  return addons.flatMap((addon) => {
    const support = Object.hasOwn(can.kinds, addon.kind) ? can.kinds[addon.kind] : undefined;
    if (support === undefined) {
      const message = `${providers.addons.name} does not offer ${addon.kind}, which the add-on ${addon.name} is.`;
      return [{ message, hint: `${choice} Another provider can be named with addonProvider.` }];
    }
    const kind = need(providers.addons, support, `provide ${addon.kind} (${addon.name})`, choice);
    if (kind.length > 0 || !addon.backup) return kind;
    const hint = `Set backup: false on the add-on ${addon.name}, and see to backups elsewhere.`;
    return need(providers.addons, can.backup, `take backups of ${addon.name}`, hint);
  });
}

function checkTraffic({ providers, domains }: ResolvedEnvironment): readonly Problem[] {
  const { ingress, dns, certificates } = providers;
  const can = ingress.ingress?.capabilities;
  if (domains.length === 0 || can === undefined) return [];
  const problems: Problem[] = [];
  const hosts = (some: readonly ResolvedDomain[]): string => some.map(({ host }) => host).join(", ");
  problems.push(
    ...need(ingress, can.customHosts, `serve domains of your own (${hosts(domains)})`, "Leave domains out."),
  );
  const redirects = domains.filter((domain) => "redirect" in domain);
  if (redirects.length > 0 && dns?.dns?.capabilities.redirects !== true) {
    const hint = "Lead the host to a process, and redirect there; or use a DNS provider that redirects.";
    problems.push(...need(ingress, can.redirects, `redirect hosts (${hosts(redirects)})`, hint));
  }
  const wildcards = domains.filter(({ host }) => host.startsWith("*."));
  if (wildcards.length > 0) {
    const what = `serve wildcards (${hosts(wildcards)})`;
    const hint = "Name each host.";
    problems.push(...need(ingress, can.wildcards, what, hint));
    if (dns?.dns !== undefined) {
      problems.push(
        ...need(dns, dns.dns.capabilities.wildcards, `hold wildcard records (${hosts(wildcards)})`, hint),
      );
    }
    if (certificates?.certificates !== undefined) {
      const issue = `issue wildcard certificates (${hosts(wildcards)})`;
      problems.push(...need(certificates, certificates.certificates.capabilities.wildcards, issue, hint));
    }
  }
  const kind = certificates?.certificates?.capabilities.kind;
  if (certificates !== undefined && kind !== undefined && !can.certificateKinds.includes(kind)) {
    const kinds = can.certificateKinds.length === 0 ? "none" : can.certificateKinds.join(", ");
    problems.push({
      message: `${ingress.name} cannot use certificates of ${certificates.name}: they are of the kind ${kind}, and it takes ${kinds}.`,
      hint: "Choose another provider for certificates, or leave it out.",
    });
  }
  return problems;
}

function list(items: readonly { readonly name: string }[]): string {
  return items.map(({ name }) => name).join(", ");
}
