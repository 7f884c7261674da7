import { DeployError, toDeployError } from "../errors.js";
import { defaultDiff } from "./compare.js";
import type { Graph, GraphNode } from "./graph.js";
import { hasUnknown, resolveLate } from "./late.js";
import { type Late, type Look, UNKNOWN } from "./out.js";
import type { PlanAction, PlanBlock } from "./plan.js";
import { fieldsOf, printableChange } from "./printable.js";
import { type AnyResource, type FieldChange, isForeign } from "./resource.js";

/** What a plan found out about one resource. */
export interface NodeState {
  readonly action: PlanAction | undefined;
  readonly verb: string;
  readonly fields: readonly FieldChange[];
  readonly reason?: string;
  /** What was read, where it is ours. */
  readonly observed: unknown;
  /** What others may make of it: its state, or `UNKNOWN`. */
  readonly output: unknown;
  /** `desired` as far as it is known, and whether all of it is. */
  readonly late: unknown;
  readonly unknown: boolean;
}

/** What differs between `desired` as far as it is known and what is there. */
export function differences(resource: AnyResource, late: unknown, observed: unknown): readonly FieldChange[] {
  // A gate without a comparison of its own wants nothing but to be open.
  if (isGate(resource) && resource.diff === undefined) return [];
  return resource.diff?.(late as Late<unknown>, observed) ?? defaultDiff(late, observed);
}

/** Whether somebody else makes it: we can only wait for it. */
export function isGate(resource: AnyResource): boolean {
  return resource.create === undefined && resource.update === undefined;
}

/** Decides for every resource, dependencies first, what has to be done; fills `blocks` with what forbids it. */
export function decideAll(
  graph: Graph,
  observed: readonly unknown[],
  adopt: ReadonlySet<string>,
  blocks: PlanBlock[],
): readonly NodeState[] {
  const states: NodeState[] = new Array(graph.nodes.length);
  const look: Look = (resource) => {
    const node = graph.byId.get(resource.id);
    return node === undefined ? UNKNOWN : states[node.index]!.output;
  };
  for (const index of graph.order) {
    const node = graph.nodes[index]!;
    try {
      const upstreamMoves = node.dependencies.some((dependency) => moves(states[dependency]!));
      states[index] = decide(node, observed[index], look, { adopt, blocks, upstreamMoves });
    } catch (error) {
      throw toDeployError(error, "plan.failed");
    }
  }
  return states;
}

/** Whether what depends on it may find it changed after this run. */
function moves(state: NodeState): boolean {
  return state.output === UNKNOWN || state.action === "wait";
}

interface Surroundings {
  readonly adopt: ReadonlySet<string>;
  readonly blocks: PlanBlock[];
  /** Something this one depends on is still to be made, renewed or waited for. */
  readonly upstreamMoves: boolean;
}

function decide(node: GraphNode, read: unknown, look: Look, around: Surroundings): NodeState {
  const { resource } = node;
  const late = node.late ? resolveLate(resource.desired, look) : resource.desired;
  const unknown = node.late && hasUnknown(late);
  const verb = resource.verb ?? "create";
  const base = { late, unknown, verb, fields: nothing };
  const refuse = (code: string, message: string, hint?: string): void => {
    around.blocks.push({ id: resource.id, code, message, ...(hint === undefined ? {} : { hint }) });
  };

  if (isForeign(read)) return decideForeign(node, read, base, around, refuse);
  const blocked = resource.blocked?.(read);
  if (blocked !== undefined) refuse(blocked.code, blocked.message, blocked.hint);

  if (read === undefined) {
    if (resource.create === undefined) {
      return { ...base, action: "wait", verb: "wait for", observed: undefined, output: UNKNOWN };
    }
    return { ...base, action: "create", fields: fieldsOf(late), observed: undefined, output: UNKNOWN };
  }
  const differing = differences(resource, late, read);
  const fields = differing.length === 0 ? nothing : differing.map(printableChange);
  const present = { late, unknown, verb, fields, observed: read };
  if (fields.length > 0) return decideUpdate(resource, present, refuse);

  const waiting = whyPending(resource, read, around.upstreamMoves, refuse);
  if (waiting !== undefined) {
    return { ...present, action: "wait", verb: "wait for", reason: waiting, output: UNKNOWN };
  }
  if (isGate(resource) && around.upstreamMoves) {
    const reason = "looked at again once what it depends on is done";
    return { ...present, action: "wait", verb: "wait for", reason, output: unknown ? UNKNOWN : read };
  }
  return { late, unknown, verb, fields, observed: read, action: undefined, output: read };
}

/** One list for all that have nothing to do, which are most. */
const nothing: readonly FieldChange[] = [];

type Refuse = (code: string, message: string, hint?: string) => void;

function decideUpdate(
  resource: AnyResource,
  present: Pick<NodeState, "late" | "unknown" | "fields" | "observed" | "verb">,
  refuse: Refuse,
): NodeState {
  const output = resource.renews === true ? UNKNOWN : present.observed;
  if (resource.update !== undefined) return { ...present, action: "update", verb: "update", output };
  const known = present.fields.filter((field) => field.unknown !== true);
  if (!isGate(resource) && known.length > 0) refuseUpdate(resource, known, refuse);
  const reason = isGate(resource) ? undefined : "compared again once what it is made of is known";
  return {
    ...present,
    action: "wait",
    verb: "wait for",
    ...(reason === undefined ? {} : { reason }),
    output: isGate(resource) ? UNKNOWN : output,
  };
}

function refuseUpdate(resource: AnyResource, fields: readonly FieldChange[], refuse: Refuse): void {
  refuse(
    "plan.immutable",
    `${resource.label} exists, and ${fields.map((field) => field.path || "it").join(", ")} cannot be changed.`,
    "Put back what it was, or remove it and run again.",
  );
}

/** The error of an update which turns out to be needed while applying, and cannot be done. */
export function immutableError(resource: AnyResource, fields: readonly FieldChange[]): DeployError {
  const names = fields.map((field) => field.path || "it").join(", ");
  return new DeployError({
    code: "plan.immutable",
    message: `${resource.label} exists, and ${names} cannot be changed.`,
    hint: "Put back what it was, or remove it and run again.",
    details: { id: resource.id, fields: fields.map(printableChange) },
  });
}

function decideForeign(
  node: GraphNode,
  read: { readonly description: string; readonly observed?: unknown },
  base: Pick<NodeState, "late" | "unknown">,
  around: Surroundings,
  refuse: Refuse,
): NodeState {
  const { resource } = node;
  const adopted = around.adopt.has(resource.id);
  if (!adopted) {
    const hint =
      resource.adopt === undefined
        ? "Rename or remove one of the two."
        : `Rename or remove one of the two, or take it over: --adopt ${resource.id}`;
    refuse("plan.foreign", `${resource.label} exists already and is not ours: ${read.description}.`, hint);
  } else if (resource.adopt === undefined) {
    refuse(
      "plan.cannot-adopt",
      `${resource.label} cannot be taken over: ${read.description}.`,
      "Rename or remove one of the two.",
    );
  }
  const known = read.observed;
  const fields = known === undefined ? [] : differences(resource, base.late, known).map(printableChange);
  const settled = fields.filter((field) => field.unknown !== true);
  if (adopted && settled.length > 0 && resource.update === undefined) refuseUpdate(resource, settled, refuse);
  const { late, unknown } = base;
  return { late, unknown, action: "adopt", verb: "adopt", fields, observed: undefined, output: UNKNOWN };
}

/** Why it cannot be used yet. A failure is a block, unless what it depends on moves and may mend it. */
function whyPending(
  resource: AnyResource,
  observed: unknown,
  upstreamMoves: boolean,
  refuse: Refuse,
): string | undefined {
  try {
    return resource.pending?.(observed);
  } catch (thrown) {
    const error = toDeployError(thrown, "plan.failed-resource");
    if (!upstreamMoves) refuse(error.code, error.message, error.hint);
    return error.message;
  }
}
