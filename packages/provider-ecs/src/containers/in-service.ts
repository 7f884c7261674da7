import {
  type AnyResource,
  type Context,
  type FieldChange,
  type In,
  isForeign,
  type Resource,
  type Scope,
  UNKNOWN,
} from "@deploy/core";
import { idOf } from "../names.js";
import type { Parts } from "../parts.js";
import { ecsResource } from "../resources.js";
import { forgetRevisions } from "./forget-revisions.js";
import { readRelease } from "./release-node.js";
import { markServed } from "./release-state.js";

/** Which release serves. */
export interface InService {
  readonly release: number;
  /** Of the definition that holds its manifest. */
  readonly manifest: string;
}

/** What is known of it. */
export interface ObservedInService {
  /** Absent: the newest release has not served yet. */
  readonly release?: number;
}

/**
 * Notes on the release that it serves, once all processes do: only then may a rollback go there. Beside that call, revisions
 * of `families` that no rollback reaches any longer are forgotten.
 */
export function inServiceNode(
  parts: Parts,
  scope: Scope,
  desired: { readonly [Key in keyof InService]: In<InService[Key]> },
  after: readonly AnyResource[],
  families: readonly string[],
): Resource<InService, ObservedInService> {
  const note = async (context: Context, wanted: InService): Promise<ObservedInService> => {
    await Promise.all([
      markServed(parts, context, wanted.manifest),
      forgetRevisions(parts, context, scope, { number: wanted.release, manifest: wanted.manifest }, families),
    ]);
    return { release: wanted.release };
  };
  return ecsResource<InService, ObservedInService>("containers", {
    id: idOf(parts.settings, "containers", scope, "in-service"),
    label: "release in service",
    verb: "note",
    desired: desired as Resource<InService, ObservedInService>["desired"],
    after,
    async read(context) {
      const newest = await readRelease(parts, context, scope);
      if (newest === undefined || isForeign(newest)) return undefined;
      return newest.servedAt === undefined ? {} : { release: newest.number };
    },
    diff(desired, observed) {
      if (desired === UNKNOWN) return [];
      const from = observed.release;
      const change: FieldChange = { path: "release", ...(from === undefined ? {} : { from }) };
      if (desired.release === UNKNOWN) return [{ ...change, unknown: true }];
      return desired.release === from ? [] : [{ ...change, to: desired.release }];
    },
    create: note,
    update: note,
  });
}
