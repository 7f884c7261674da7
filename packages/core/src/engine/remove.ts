import { DeployError } from "../errors.js";
import { retryEvent } from "./read-wave.js";
import type { Owned } from "./resource.js";
import { retry } from "./retry.js";
import type { Run, Step } from "./run-state.js";
import { callToChange } from "./write.js";

/**
 * Removes something; that it is gone already is success, which is why this write alone may be repeated without looking.
 */
export async function removeOwned(run: Run, step: Step, owned: Owned): Promise<void> {
  const context = { clock: run.context.clock, signal: step.controller.signal };
  await retry(context, () => callToChange(run, step, () => owned.remove(step.context)).catch(ignoreGone), {
    onRetry: (_error, attempt, delayMs) => {
      step.saidAt = run.context.clock.now();
      run.emit(retryEvent(run.context, step.subject, attempt, delayMs));
    },
  });
}

function ignoreGone(error: unknown): void {
  if (DeployError.is(error) && (error.code.endsWith(".not-found") || error.code.endsWith(".gone"))) return;
  throw error;
}
