import type { DeployErrorData } from "../errors.js";

/** What every event carries. */
export interface EventBase {
  /** ISO 8601, UTC. */
  readonly time: string;
  /** One line for a person; no secret in it. */
  readonly message: string;
}

/** An event about one resource or step. */
export interface StepEventBase extends EventBase {
  /** Id of the resource, or of the step (`lock`, `plan`). */
  readonly id: string;
  /** What a person calls it. */
  readonly label: string;
}

/** What is happening, as data: renderers, logs and consoles are made of these. */
export type DeployEvent =
  /** The plan is made and is about to be applied. */
  | (EventBase & { readonly type: "planned"; readonly changes: number; readonly unchanged: number })
  | (StepEventBase & { readonly type: "started"; readonly action: StepAction })
  /** Something moved within a step. */
  | (StepEventBase & { readonly type: "progress" })
  /** Not silent, but waiting for something: sent again at least every second second while it lasts. */
  | (StepEventBase & { readonly type: "waiting"; readonly seconds: number })
  /** Output of a command of the app's own (build, release command); untrusted text without its newline. */
  | (StepEventBase & { readonly type: "output"; readonly stream: "stdout" | "stderr"; readonly text: string })
  | (StepEventBase & { readonly type: "retry"; readonly attempt: number; readonly delayMs: number })
  | (StepEventBase & { readonly type: "done"; readonly action: StepAction; readonly seconds: number })
  | (StepEventBase & { readonly type: "failed"; readonly error: DeployErrorData })
  /** It was not started, because something failed or the run was cancelled. */
  | (StepEventBase & { readonly type: "skipped"; readonly reason: string })
  /** Something the user should know, that stops nothing. */
  | (EventBase & { readonly type: "note" })
  /** The last event of a run that succeeded. */
  | (EventBase & { readonly type: "finished"; readonly seconds: number });

/** What is done to a resource. */
export type StepAction = "create" | "update" | "adopt" | "wait" | "delete" | "read";

/**
 * A run under way: iterate it for the events, or await it for the result; either starts it, and it runs once.
 *
 * Leaving the iteration early stops new work and waits for calls in flight. A failure is thrown from both.
 */
export interface Operation<Result> extends AsyncIterable<DeployEvent>, PromiseLike<Result> {
  /** Rejects with a `DeployError`; resolves after the last event. */
  readonly result: Promise<Result>;
}
