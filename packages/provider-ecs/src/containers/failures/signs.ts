/** What a stopped task, an event or a target said: everything that a row of the table may look at. */
export interface FailureSigns {
  /** ECS's stopCode of the task. */
  readonly stopCode?: string;
  /** Why the task stopped, as ECS says. */
  readonly stoppedReason?: string;
  /** Why the container stopped, as ECS says. */
  readonly reason?: string;
  readonly exitCode?: number;
  /** The task was told to stop: a newer deployment, a scaling, a user. */
  readonly wasStopped?: boolean;
  /** The last lines of its output. */
  readonly lines?: readonly string[];
  /** Texts of the service's newest events, and why a deployment failed. */
  readonly events?: readonly string[];
  /** Why a target of the load balancer is unhealthy: its code, and what AWS says about it. */
  readonly target?: { readonly reason: string; readonly description?: string };
  /** Milliseconds that the task ran. */
  readonly ranMs?: number;
  readonly process?: string;
  /** MiB that the task has. */
  readonly memory?: number;
  readonly port?: number;
  readonly healthPath?: string;
  readonly architecture?: string;
  /** Milliseconds until it has to be healthy. */
  readonly startWithinMs?: number;
  readonly stopWithinMs?: number;
}

/** What is said about a failure. */
export interface Diagnosis {
  /** Of the row: stable, for machines. */
  readonly name: string;
  /** What happened, one sentence without its full stop. */
  readonly message: string;
  /** What to do. */
  readonly hint: string;
  /**
   * `ours`: the app or its declaration is at fault, trying again cannot help. `maybe`: it may pass.
   * `none`: nothing is wrong, go on waiting.
   */
  readonly fault: "ours" | "maybe" | "none";
}

/** One kind of failure: how it shows, and what is said about it. */
export interface FailureRow {
  readonly name: string;
  readonly fault: Diagnosis["fault"];
  /** Whether these signs are of this kind. */
  readonly matches: (signs: FailureSigns) => boolean;
  readonly message: (signs: FailureSigns) => string;
  readonly hint: (signs: FailureSigns) => string;
}

/** Everything that ECS itself says, in one text. */
export function said(signs: FailureSigns): string {
  return [signs.stoppedReason, signs.reason, ...(signs.events ?? [])].filter(Boolean).join("\n");
}

/** The first piece of it that a pattern finds, or nothing. */
export function quoted(signs: FailureSigns, pattern: RegExp): string {
  return pattern.exec(said(signs))?.[0]?.trim() ?? "";
}

/** Whom a sentence is about. */
export function subject(signs: FailureSigns): string {
  return signs.process ?? "the task";
}
