/**
 * What the routes of runs and of the shell take and answer, as JSON, and what their sockets carry; nothing here may
 * import from node. Times are milliseconds since 1970. Paths are below `/api/apps/:app/environments/:environment`.
 *
 * @module
 */

/** How a run stands; `lost`: nothing was heard of it for a minute. */
export type RunState = "running" | "done" | "failed" | "cancelled" | "lost";

/** A run of `up`, `rollback`, `down` …, under way or over, as it was told to the console by whoever runs it. */
export interface Run {
  readonly id: string;
  readonly app: string;
  readonly environment: string;
  /** `up`, `rollback`, `promote`, `down`, `scale`, `restart`. */
  readonly operation: string;
  /** Who runs it and from where, in their own words: `maria on ci-7`. Untrusted. */
  readonly by: string;
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly state: RunState;
  /** The release that is in service since, once it is over. */
  readonly release?: number;
}

/** A failure within a run, for a person. */
export interface RunTrouble {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
  readonly hint?: string;
  readonly docs?: string;
}

interface EventBase {
  /** ISO 8601, UTC: the clock of who runs it. */
  readonly time: string;
  /** One line for a person. Untrusted. */
  readonly message: string;
}

interface StepBase extends EventBase {
  /** Id of the resource, or of the step (`lock`, `plan`). */
  readonly id: string;
  /** What a person calls it. Untrusted. */
  readonly label: string;
}

/** What is done to a resource. */
export type RunAction = "create" | "update" | "adopt" | "wait" | "delete" | "read";

/** An event of a run: core's `DeployEvent`, as JSON. */
export type RunProgress =
  | (EventBase & { readonly type: "planned"; readonly changes: number; readonly unchanged: number })
  | (StepBase & { readonly type: "started"; readonly action: RunAction })
  | (StepBase & { readonly type: "progress" })
  | (StepBase & { readonly type: "waiting"; readonly seconds: number })
  /** Output of the build or the release command: untrusted, may hold escape sequences. */
  | (StepBase & { readonly type: "output"; readonly stream: "stdout" | "stderr"; readonly text: string })
  | (StepBase & { readonly type: "retry"; readonly attempt: number; readonly delayMs: number })
  | (StepBase & { readonly type: "done"; readonly action: RunAction; readonly seconds: number })
  | (StepBase & { readonly type: "failed"; readonly error: RunTrouble })
  | (StepBase & { readonly type: "skipped"; readonly reason: string })
  | (EventBase & { readonly type: "note" })
  | (EventBase & { readonly type: "finished"; readonly seconds: number });

/** An event with its number within the run: 1, 2, 3 …, given by who runs it. A number may be missing: it was not sent. */
export interface NumberedProgress {
  readonly number: number;
  readonly event: RunProgress;
}

/** `POST …/runs`, by a token; answers with {@link RunStarted}. */
export interface RunStart {
  readonly operation: string;
  readonly by: string;
}

/** Answer to {@link RunStart}. */
export interface RunStarted {
  readonly run: Run;
}

/** `POST …/runs/:id/events`: at most 500 at once. Sent again, what is there already is dropped. */
export interface RunAppend {
  readonly events: readonly NumberedProgress[];
}

/** Answer to {@link RunAppend}. */
export interface RunAppended {
  /** The last number that is stored. */
  readonly last: number;
}

/** `POST …/runs/:id/end`; answers with {@link RunStarted}. */
export interface RunEnd {
  readonly state: "done" | "failed" | "cancelled";
  readonly release?: number;
}

/** `GET …/runs?limit=50`, newest first. */
export interface RunList {
  readonly runs: readonly Run[];
}

/** `GET …/runs/:id?after=<number>`: its events in order, at most 2,000; `more` says that there are others behind. */
export interface RunDetail {
  readonly run: Run;
  readonly events: readonly NumberedProgress[];
  readonly more: boolean;
}

/**
 * What the server sends over `SOCKET …/runs/live`: at first `runs`, then whatever changes.
 *
 * Events of runs that began earlier come by `GET …/runs/:id`; numbers that both bring are the same event.
 */
export type RunMessage =
  | { readonly type: "runs"; readonly runs: readonly Run[] }
  | { readonly type: "run"; readonly run: Run; readonly events: readonly NumberedProgress[] }
  /** This viewer was too slow for events of this run: load them by `GET …/runs/:id`. */
  | { readonly type: "skipped"; readonly run: Run };

/** `POST …/shell/ticket`; answers with {@link ShellTicket}. */
export interface ShellTicketRequest {
  /** `web.1`; default: the first instance of the first process. */
  readonly instance?: string;
}

/** Opens one shell, once, within 30 seconds, by the session it was given to. */
export interface ShellTicket {
  /** Sent as the protocol `ticket.<ticket>` beside `deploy` when the socket is opened, never in an address. */
  readonly ticket: string;
  readonly expiresAt: number;
  /** Minutes without a key until it closes. */
  readonly idleMinutes: number;
}

/**
 * What the browser sends over `SOCKET …/shell`, as text; the first message is `open`, within five seconds.
 *
 * Keys go as binary messages, as they are.
 */
export type ShellCommand =
  | { readonly type: "open"; readonly columns: number; readonly rows: number }
  | { readonly type: "resize"; readonly columns: number; readonly rows: number }
  /** So many bytes of output have been drawn: the server waits when too much is under way. */
  | { readonly type: "drawn"; readonly bytes: number };

/** What the server sends over `SOCKET …/shell`, as text; output comes as binary messages, untrusted. */
export type ShellMessage =
  | {
      readonly type: "opened";
      readonly instance: string;
      /**
       * `terminal`: keys go as they are, and the window has a size. `lines`: there is no terminal behind it, so the page
       * edits a line, shows what is typed and sends it with the Enter key.
       */
      readonly mode: "terminal" | "lines";
    }
  /** It is over; the socket closes behind it. */
  | {
      readonly type: "ended";
      readonly reason: "exited" | "idle" | "too-long" | "revoked" | "signed-out" | "shutdown" | "failed";
      readonly exitCode?: number;
      /** For a person. */
      readonly message?: string;
      readonly hint?: string;
    };
