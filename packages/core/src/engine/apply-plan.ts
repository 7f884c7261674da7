import { DeployError } from "../errors.js";
import type { NodeState } from "./decide.js";
import { orderOf, pathLengths } from "./graph.js";
import { isOut, type Look, UNKNOWN } from "./out.js";
import type { Plan } from "./plan.js";
import { type ApplyOptions, type ApplyResult, internals, type PreparedPlan } from "./prepared.js";
import { isName, removalDependencies } from "./prune.js";
import { timeOf } from "./read-wave.js";
import { removeOwned } from "./remove.js";
import type { AnyResource, Owned } from "./resource.js";
import { endedError, skipRest } from "./run-end.js";
import { openRun, type Run, type StepSubject } from "./run-state.js";
import { runInOrder } from "./scheduler.js";
import { applyResource, stoppedWaiting } from "./step.js";

/** Throws when something keeps the plan from being applied: the code that all blocks share, else `plan.blocked`. */
export function assertUnblocked(plan: Plan): void {
  const [first, second] = plan.blocks;
  if (first === undefined) return;
  if (second === undefined) {
    const { id, ...block } = first;
    throw new DeployError({ ...block, details: { id } });
  }
  throw new DeployError({
    code: plan.blocks.every((block) => block.code === first.code) ? first.code : "plan.blocked",
    message: `${plan.blocks.length} things keep this plan from being applied.`,
    hint: "Mend them and plan again; nothing has been changed.",
    problems: plan.blocks.map(({ message, hint }) => (hint === undefined ? { message } : { message, hint })),
    details: { blocks: plan.blocks.map(({ id, code }) => ({ id, code })) },
  });
}

/**
 * Applies a plan: in parallel, in the order of true dependencies, longest way first; deletions after everything else.
 * Run again after a failure, a fresh plan continues where this one stopped.
 *
 * @throws DeployError the first failure (others in `details.alsoFailed`), `run.cancelled`, or what blocks the plan.
 */
export async function applyPlan(prepared: PreparedPlan, options: ApplyOptions = {}): Promise<ApplyResult> {
  assertUnblocked(prepared.plan);
  const preparation = prepared[internals];
  const { graph, states, remove } = preparation;
  const startedAt = preparation.input.context.clock.now();
  const outputs = states.map((state) => state.output);
  const look: Look = (resource) => {
    const node = graph.byId.get(resource.id);
    return node === undefined ? UNKNOWN : outputs[node.index];
  };
  const run = openRun(preparation, options);
  try {
    await applyChanges(run, outputs, look);
    const names = remove.filter(isName);
    const others = remove.filter((owned) => !isName(owned));
    for (const batch of [names, others]) if (!run.stopping.aborted) await applyRemovals(run, batch);
    if (run.stopping.aborted && unfinished(prepared.plan, run)) {
      skipRest(run, prepared.plan);
      throw endedError(run, prepared.plan);
    }
  } finally {
    run.close();
  }
  return {
    done: [...run.done],
    removed: [...run.removed],
    seconds: (run.context.clock.now() - startedAt) / 1000,
    resolve: (value) => (isOut(value) ? value.resolve(look) : value),
    observed: (resource) => {
      const state = look(resource);
      return state === UNKNOWN ? undefined : state;
    },
  };
}

/** A cancellation that comes when everything is done changes nothing. */
function unfinished(plan: Plan, run: Run): boolean {
  return run.failures.length > 0 || run.done.size + run.removed.size < plan.changes.length;
}

async function applyChanges(run: Run, outputs: unknown[], look: Look): Promise<void> {
  const { graph, states } = run.preparation;
  const dependencies = graph.nodes.map((node) => node.dependencies);
  const lengths = pathLengths(dependencies, graph.order, (index) =>
    states[index]!.action === undefined ? 0 : 1,
  );
  await runInOrder(
    dependencies,
    lengths,
    (index) => {
      const state = states[index]!;
      if (state.action === undefined) return true;
      const { resource } = graph.nodes[index]!;
      return runStep(run, subjectOf(resource, state, lengths[index]!), run.done, async (step) => {
        outputs[index] = await applyResource(run, step, resource, state, look);
        run.preparation.scrubber.learn(outputs[index]);
      });
    },
    () => run.stopping.aborted,
  );
}

async function applyRemovals(run: Run, removals: readonly Owned[]): Promise<void> {
  const dependencies = removalDependencies(removals);
  const lengths = pathLengths(dependencies, orderOf(dependencies).indexes, () => 1);
  await runInOrder(
    dependencies,
    lengths,
    (index) => {
      const { id, label, provider } = removals[index]!;
      const priority = lengths[index]!;
      const subject: StepSubject = { id, label, provider, action: "delete", verb: "delete", priority };
      return runStep(run, subject, run.removed, (step) => removeOwned(run, step, removals[index]!));
    },
    () => run.stopping.aborted,
  );
}

function subjectOf(
  resource: Pick<AnyResource, "id" | "label" | "provider" | "mayTake">,
  state: NodeState,
  priority: number,
): StepSubject {
  const { id, label, provider, mayTake } = resource;
  const subject = { id, label, provider, action: state.action!, verb: state.verb, priority };
  return mayTake === undefined ? subject : { ...subject, mayTake };
}

/** Runs one step and books what came of it: done, failed, or stopped because the run stops. */
async function runStep(
  run: Run,
  subject: StepSubject,
  done: Set<string>,
  work: (step: ReturnType<Run["begin"]>) => Promise<void>,
): Promise<boolean> {
  const step = run.begin(subject);
  try {
    await work(step);
    const { id, label, action } = subject;
    const seconds = (run.context.clock.now() - (step.startedAt ?? run.context.clock.now())) / 1000;
    done.add(id);
    run.emit({
      type: "done",
      time: timeOf(run.context),
      id,
      label,
      action,
      message: `${label}: done`,
      seconds,
    });
    return true;
  } catch (error) {
    if (error === stoppedWaiting) {
      run.skipped.set(subject.id, `stopped waiting: ${step.waitingFor ?? "not ready yet"}`);
    } else if (!run.stopping.aborted || (step.startedAt !== undefined && error !== run.stopping.reason)) {
      run.fail(step, error);
    }
    return false;
  } finally {
    run.end(step);
  }
}
