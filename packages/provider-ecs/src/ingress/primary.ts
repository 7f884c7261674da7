import type { ResolvedProcess, Route, Scope } from "@deploy/core";
import type { Parts } from "../parts.js";

/**
 * The public processes of a release, by provider and scope: the routes are told hosts and names of processes only, so
 * the rollout, which is composed before them, leaves it here.
 */
const remembered = new WeakMap<Parts, Map<string, readonly string[]>>();

/** The names of the public processes; the one that answers at the URL without any domain first: `web`, else the first. */
function publicProcesses(processes: readonly ResolvedProcess[]): readonly string[] {
  const names = processes.filter(isPublic).map(({ name }) => name);
  return names.includes("web") ? ["web", ...names.filter((name) => name !== "web")] : names;
}

/** Whether a process is reached from outside. */
export function isPublic(process: Pick<ResolvedProcess, "listens" | "internal">): boolean {
  return process.listens && !process.internal;
}

/** Keeps the public processes of a scope. */
export function rememberPublic(parts: Parts, scope: Scope, processes: readonly ResolvedProcess[]): void {
  const known = remembered.get(parts) ?? new Map<string, readonly string[]>();
  remembered.set(parts, known.set(`${scope.app}/${scope.environment}`, publicProcesses(processes)));
}

/** The public processes of a scope; where no rollout was composed, that of the routes, else `web`. */
export function recallPublic(parts: Parts, scope: Scope, routes: readonly Route[]): readonly string[] {
  const known = remembered.get(parts)?.get(`${scope.app}/${scope.environment}`);
  if (known !== undefined && known.length > 0) return known;
  const names = routes.flatMap((route) => ("process" in route ? [route.process] : []));
  return [names.includes("web") || names.length === 0 ? "web" : names[0]!];
}
