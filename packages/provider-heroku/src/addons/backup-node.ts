import {
  type AnyResource,
  type Context,
  type Out,
  type ResolvedAddon,
  type Resource,
  type Scope,
  UNKNOWN,
} from "@deploy/core";
import { providerName } from "../names.js";
import { readReleases } from "../reads.js";
import type { Surroundings } from "../surroundings.js";
import { addonId } from "./addon-node.js";
import { listBackups, takeBackup } from "./backups.js";
import { readAddon, requireAddon } from "./read-addon.js";

interface Observed {
  /** Newest release that is in service; 0 before the first. */
  readonly serving: number;
  /** There is a backup of what that release has made: the next one may begin. */
  readonly covered: boolean;
}

/** A backup before a release, as a gate of its command. One that was taken after the release in service counts. */
export function backupResource(
  own: Surroundings,
  scope: Scope,
  addon: ResolvedAddon,
  release: Out<number>,
): AnyResource {
  const take = async (context: Context, desired: { release: number }): Promise<Observed> => {
    // Before the first release there is nothing that a migration could spoil.
    if (desired.release > 1)
      await takeBackup(own, context, scope, await requireAddon(own, context, scope, addon.name));
    return { serving: desired.release - 1, covered: true };
  };
  const node: Resource<{ readonly release: number }, Observed> = {
    id: `${addonId(own, scope, addon.name)}/backup`,
    label: `backup of ${addon.name}`,
    provider: providerName,
    element: "addons",
    verb: "back up",
    desired: { release },
    async read(context) {
      const [place, releases] = await Promise.all([
        readAddon(own, context, scope, addon.name, undefined),
        readReleases(own, context, scope),
      ]);
      if (place?.ours === undefined) return undefined;
      const serving = releases?.find(({ status, current }) => status === "succeeded" && current === true);
      const backups = await listBackups(own, context, scope, place.ours);
      const last = Date.parse(backups.at(-1)?.created_at ?? "");
      return {
        serving: serving?.version ?? 0,
        covered: serving === undefined || last > Date.parse(serving.created_at),
      };
    },
    diff(desired, observed) {
      if (desired === UNKNOWN || desired.release === UNKNOWN)
        return observed.covered ? [] : [{ path: "before release", from: observed.serving, unknown: true }];
      if (desired.release <= observed.serving || observed.covered) return [];
      return [{ path: "before release", from: observed.serving, to: desired.release }];
    },
    create: take,
    update: (context, desired) => take(context, desired),
  };
  return node as AnyResource;
}
