import { DeployError } from "../errors.js";
import type { DeployEvent } from "./events.js";
import type { BaseContext } from "./prepared.js";
import { timeOf } from "./read-wave.js";
import type { Step } from "./run-state.js";

/** How often to look, milliseconds. */
const tick = 500;
/** After this much silence, looked at every tick, a step says what it waits for: never more than two seconds. */
const silence = 1_400;

/** One clock for all steps: speaks for those which are silent, and ends those which take too long. */
export function createTicker(
  context: BaseContext,
  steps: ReadonlySet<Step>,
  emit: (event: DeployEvent) => void,
  timeoutMs: number,
  closing: AbortSignal,
): void {
  const look = (): void => {
    const now = context.clock.now();
    for (const step of steps) {
      if (step.startedAt === undefined) continue;
      const elapsed = now - step.startedAt;
      const { mayTake = 0 } = step.subject;
      if (elapsed >= Math.max(timeoutMs, mayTake) && !step.controller.signal.aborted)
        step.controller.abort(timeoutError(step, elapsed));
      if (now - step.saidAt < silence) continue;
      step.saidAt = now;
      const { id, label, verb } = step.subject;
      const message = step.waitingFor === undefined ? `${verb} ${label}` : `${label}: ${step.waitingFor}`;
      emit({
        type: "waiting",
        time: timeOf(context),
        id,
        label,
        message,
        seconds: Math.round(elapsed / 1000),
      });
    }
  };
  const loop = async (): Promise<void> => {
    for (;;) {
      await context.clock.sleep(tick, closing);
      look();
    }
  };
  loop().catch(() => undefined);
}

function timeoutError(step: Step, elapsedMs: number): DeployError {
  const { label, verb } = step.subject;
  return new DeployError({
    code: "run.timeout",
    message: `${label} took longer than ${Math.round(elapsedMs / 60_000)} minutes: ${step.waitingFor ?? verb}.`,
    hint: "Look at it at the vendor; then run the same again: it continues where this run stopped.",
  });
}
