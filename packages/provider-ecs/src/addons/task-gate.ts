import {
  type AnyResource,
  type Context,
  DeployError,
  type FieldChange,
  type In,
  type Resource,
  type Scope,
  UNKNOWN,
} from "@deploy/core";
import { shortHash } from "../names.js";
import type { Parts } from "../parts.js";
import { alone, ecsResource } from "../resources.js";
import { type Mark, putMark, sharedMarks } from "./marks.js";
import { finishOneOff, type OneOff, startOneOff } from "./run-task.js";

/** Something that a task does once for a value, before a release. */
export interface TaskGate<Value extends string | number> {
  readonly id: string;
  readonly label: string;
  readonly verb: string;
  readonly mark: string;
  readonly value: In<Value>;
  readonly after: readonly AnyResource[];
  /** Whether what was done is enough. */
  isEnough(done: Mark, wanted: Value): boolean;
  /** What has to run; undefined when nothing does. */
  task(context: Context, wanted: Value): Promise<Omit<OneOff, "token"> | undefined>;
}

interface Observed {
  readonly mark: Mark;
}

/**
 * A resource that is there once a task has done its work. A mark remembers that it runs and that it is done, so that a run
 * which was cut off goes on waiting for the same task.
 */
export function taskGate<Value extends string | number>(
  parts: Parts,
  scope: Scope,
  gate: TaskGate<Value>,
): Resource<{ readonly value: Value }, Observed> {
  const read = async (context: Context): Promise<Observed | undefined> => {
    const mark = (await sharedMarks(parts, context, scope)).get(gate.mark);
    return mark === undefined ? undefined : { mark };
  };
  const work = async (context: Context, wanted: Value): Promise<Observed> => {
    const before = (await sharedMarks(parts, alone(context), scope)).get(gate.mark);
    if (before?.state === "done" && gate.isEnough(before, wanted)) return { mark: before };
    const running = before?.state === "running" && before.value === String(wanted) ? before : undefined;
    if (running?.task !== undefined) {
      try {
        return await finish(context, running, running.task);
      } catch (error) {
        // It has ended badly, or long ago: a new one is started.
        if (!DeployError.is(error) || !/^addons\.task-(?:lost|failed)$/.test(error.code)) throw error;
      }
    }
    const task = await gate.task(context, wanted);
    const startedAt = new Date(context.clock.now()).toISOString();
    const mark = { value: String(wanted), startedAt };
    if (task === undefined) return done(context, mark);
    // The token changes with what was done before, so that a task which has failed is not handed out again.
    const token = shortHash(JSON.stringify([gate.id, wanted, before ?? null]), 32);
    const arn = await startOneOff(parts, context, scope, { ...task, token });
    await putMark(parts, context, scope, gate.mark, { ...mark, state: "running", task: arn });
    return finish(context, mark, arn);
  };
  const finish = async (
    context: Context,
    mark: Pick<Mark, "value" | "startedAt">,
    arn: string,
  ): Promise<Observed> => {
    await finishOneOff(parts, context, scope, arn, gate.label);
    return done(context, { value: mark.value, startedAt: mark.startedAt, task: arn });
  };
  const done = async (context: Context, mark: Omit<Mark, "deploy" | "state">): Promise<Observed> => {
    const made = { ...mark, state: "done" } as const;
    await putMark(parts, context, scope, gate.mark, made);
    return { mark: { deploy: 1, ...made } };
  };
  return ecsResource<{ readonly value: Value }, Observed>("addons", {
    id: gate.id,
    label: gate.label,
    verb: gate.verb,
    desired: { value: gate.value } as Resource<{ readonly value: Value }, Observed>["desired"],
    after: gate.after,
    read,
    diff: (desired, { mark }): readonly FieldChange[] => {
      const wanted =
        desired === UNKNOWN ? UNKNOWN : ((desired as { value: unknown }).value as Value | typeof UNKNOWN);
      if (wanted === UNKNOWN) return [{ path: "value", from: mark.value, unknown: true }];
      const enough = mark.state === "done" && gate.isEnough(mark, wanted);
      return enough ? [] : [{ path: "value", from: mark.value, to: wanted }];
    },
    create: (context, { value }) => work(context, value),
    update: (context, { value }) => work(context, value),
  });
}
