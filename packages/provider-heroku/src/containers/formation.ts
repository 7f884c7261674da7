import type { FieldChange, ResolvedProcess } from "@deploy/core";
import type { HerokuDyno, HerokuFormation } from "../api-types.js";
import { dynoSizeOf } from "../dyno-sizes.js";
import type { HerokuOptions } from "../options.js";

/** Heroku's own types, which no formation of an app is about. */
const ownTypes = new Set(["release", "run", "scheduler", "console", "rake"]);

/** One process type as it should be. */
export interface FormationUpdate {
  readonly type: string;
  readonly quantity: number;
  readonly size: string;
}

/** A type as Heroku shows it, with the times that tell whether anybody has ever scaled it. */
export type SeenFormation = HerokuFormation & { readonly created_at?: string };

/**
 * How many dynos of which size, of every type that is declared or still has dynos.
 *
 * A process without `instances` keeps the number it has, and a size that nobody asked for stays as well. Heroku starts a
 * new type other than web with none: a type that was never scaled gets 1. One that is no longer declared gets none.
 */
export function wantedFormation(
  options: HerokuOptions,
  environment: string,
  processes: readonly ResolvedProcess[],
  present: readonly SeenFormation[],
): readonly FormationUpdate[] {
  const declared = processes.map((process): FormationUpdate => {
    const seen = present.find(({ type }) => type === process.name);
    const asked = options.sizes?.[process.name] !== undefined || process.memory !== undefined;
    const sane = dynoSizeOf(options, environment, process, processes);
    const isNew = seen === undefined || neverScaled(seen);
    const scalesItself = options.autoscaling?.[process.name];
    const kept = seen === undefined || (isNew && seen.quantity === 0) ? 1 : seen.quantity;
    const quantity =
      scalesItself === undefined
        ? (process.instances ?? kept)
        : Math.min(Math.max(seen?.quantity ?? 0, scalesItself.min), scalesItself.max);
    // Basic does not scale out: what needs more dynos needs another size.
    const outgrown = quantity > 1 && /^(basic|eco)$/i.test(seen?.size ?? "");
    return { type: process.name, quantity, size: asked || isNew || outgrown ? sane : seen.size };
  });
  const gone = present
    .filter(
      ({ type, quantity }) =>
        quantity > 0 && !ownTypes.has(type) && !declared.some((one) => one.type === type),
    )
    .map(({ type, size }): FormationUpdate => ({ type, quantity: 0, size }));
  return [...declared, ...gone];
}

function neverScaled({ created_at: created, updated_at: updated }: SeenFormation): boolean {
  return created !== undefined && Math.abs(Date.parse(updated) - Date.parse(created)) < 1_000;
}

/** What differs, in the words of a plan. */
export function formationChanges(
  wanted: readonly FormationUpdate[],
  present: readonly SeenFormation[],
): readonly FieldChange[] {
  return wanted.flatMap(({ type, quantity, size }) => {
    const seen = present.find((one) => one.type === type);
    const changes: FieldChange[] = [];
    if (seen?.quantity !== quantity)
      changes.push({ path: `${type}.instances`, from: seen?.quantity ?? 0, to: quantity });
    if (seen !== undefined && seen.size.toLowerCase() !== size.toLowerCase()) {
      changes.push({ path: `${type}.size`, from: seen.size.toLowerCase(), to: size.toLowerCase() });
    }
    return changes;
  });
}

/** Dynos of the formation, as opposed to one-offs and release commands. */
export function isOfFormation(dyno: Pick<HerokuDyno, "type">): boolean {
  return !ownTypes.has(dyno.type);
}
