import { type AddonStatus, addressVariable, type Release, type ResolvedEnvironment } from "@deploy/core";
import type { AddonView, SecretView, VariableView } from "../../shared/app-types.js";
import type { ListedSecret } from "../reads.js";

/** Variables that are no secrets, by name: where each comes from, and whether the release in service has it. */
export function variableViews(
  environment: ResolvedEnvironment,
  active: Release | undefined,
): readonly VariableView[] {
  const found = new Map<string, VariableView>();
  for (const name of Object.keys(environment.config)) found.set(name, { name, from: "app" });
  for (const { name, config } of environment.processes) {
    for (const variable of Object.keys(config)) {
      const known = found.get(variable);
      if (known?.from === "app") continue;
      const processes = [...(known?.processes ?? []), name];
      found.set(variable, { name: variable, from: "process", processes });
    }
  }
  for (const { as, name } of environment.addons) found.set(as, { name: as, from: "addon", addon: name });
  const secret = new Set(environment.secrets);
  const served = active === undefined ? undefined : new Set(Object.keys(active.config));
  const addresses = new Set(environment.processes.map(({ name }) => addressVariable(name)));
  for (const name of served ?? []) {
    if (found.has(name) || secret.has(name)) continue;
    found.set(name, { name, from: addresses.has(name) ? "deploy" : "release" });
  }
  return [...found.values()]
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .map((variable) => {
      // What is given to one process alone, or comes as a secret, a release does not list among its config.
      if (served === undefined || variable.from === "process" || variable.from === "addon") return variable;
      return { ...variable, inService: served.has(variable.name) };
    });
}

/** Secrets by name: declared or set, with the version that processes have. */
export function secretViews(
  environment: ResolvedEnvironment,
  listed: readonly ListedSecret[],
  active: Release | undefined,
): readonly SecretView[] {
  const names = [...new Set([...environment.secrets, ...listed.map(({ name }) => name)])].sort();
  return names.map((name) => {
    const entry = listed.find((one) => one.name === name);
    const served = active?.secrets.find((one) => one.name === name)?.version;
    return {
      name,
      declared: environment.secrets.includes(name),
      set: entry !== undefined,
      ...(entry === undefined ? {} : { version: entry.version, setAt: Date.parse(entry.setAt) }),
      ...(entry?.setBy === undefined ? {} : { setBy: entry.setBy }),
      ...(served === undefined ? {} : { versionInService: served }),
    };
  });
}

/** Add-ons as declared, with how they are where that is known. */
export function addonViews(
  environment: ResolvedEnvironment,
  status: readonly AddonStatus[],
): readonly AddonView[] {
  return environment.addons.map(({ name, kind, as }) => {
    const present = status.find((one) => one.name === name);
    return {
      name,
      kind,
      variable: as,
      ...(present === undefined ? {} : { state: present.state, description: present.description }),
    };
  });
}
