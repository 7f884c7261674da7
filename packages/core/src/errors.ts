/** Where an error came from in something the user wrote: a file, and a line where the format has lines. */
export interface ErrorLocation {
  readonly file: string;
  /** 1-based. Absent when the format has no lines. */
  readonly line?: number;
  /** The place inside the document, such as `environments.production.domains`. */
  readonly path?: string;
}

/** One of several problems found together; a {@link DeployError} carries all of them in `problems`. */
export interface Problem {
  readonly message: string;
  readonly hint?: string;
  readonly location?: ErrorLocation;
}

/** What a {@link DeployError} is made of. */
export interface DeployErrorOptions {
  /** `element.reason`, lower case, stable across versions, e.g. `containers.health-check-failed`. */
  readonly code: string;
  /** What failed, one sentence, no secret in it. */
  readonly message: string;
  /** What to do next, in the imperative. */
  readonly hint?: string;
  /** True when the same call may succeed later without anybody changing anything. Default false. */
  readonly retryable?: boolean;
  /** A page which explains more. */
  readonly docs?: string;
  readonly cause?: unknown;
  /** Where in the user's own files the fault lies. */
  readonly location?: ErrorLocation;
  /** Every problem found, when there was more than one to find. */
  readonly problems?: readonly Problem[];
  /** What a machine may want to know: ids, exit codes, the last log lines. Never a secret. */
  readonly details?: Readonly<Record<string, unknown>>;
}

const marker: unique symbol = Symbol.for("deploy.error") as never;

/**
 * The one error class of Deploy: every failure that reaches a user is one of these.
 *
 * It is recognised by a registered symbol, not by `instanceof`, so that two copies of core in one tree understand
 * each other's errors: test with {@link DeployError.is}.
 */
export class DeployError extends Error {
  override readonly name = "DeployError";
  readonly code: string;
  readonly hint: string | undefined;
  readonly retryable: boolean;
  readonly docs: string | undefined;
  readonly location: ErrorLocation | undefined;
  readonly problems: readonly Problem[];
  readonly details: Readonly<Record<string, unknown>>;

  constructor(options: DeployErrorOptions) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code;
    this.hint = options.hint;
    this.retryable = options.retryable ?? false;
    this.docs = options.docs;
    this.location = options.location;
    this.problems = options.problems ?? [];
    this.details = options.details ?? {};
    Object.defineProperty(this, marker, { value: true, enumerable: false });
  }

  /** Whether `value` is a `DeployError`, made by this copy of core or by any other. */
  static is(value: unknown): value is DeployError {
    return typeof value === "object" && value !== null && (value as Record<symbol, unknown>)[marker] === true;
  }

  /** The error as data, without stack and cause: what `--json` prints. */
  toJSON(): DeployErrorData {
    return {
      code: this.code,
      message: this.message,
      retryable: this.retryable,
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      ...(this.docs === undefined ? {} : { docs: this.docs }),
      ...(this.location === undefined ? {} : { location: this.location }),
      ...(this.problems.length === 0 ? {} : { problems: this.problems }),
      ...(Object.keys(this.details).length === 0 ? {} : { details: this.details }),
    };
  }
}

/** A {@link DeployError} as JSON. */
export interface DeployErrorData {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
  readonly hint?: string;
  readonly docs?: string;
  readonly location?: ErrorLocation;
  readonly problems?: readonly Problem[];
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Rebuilds a {@link DeployError} from its JSON, as a provider does with what its daemon answered. */
export function errorFromData(data: DeployErrorData): DeployError {
  return new DeployError(data);
}

/**
 * Turns anything that was thrown into a `DeployError`.
 *
 * What is one already is returned as it is; everything else becomes `fallbackCode` with the original as its cause.
 */
export function toDeployError(thrown: unknown, fallbackCode = "internal.unexpected"): DeployError {
  if (DeployError.is(thrown)) return thrown;
  if (thrown instanceof Error && thrown.name === "AbortError") {
    return new DeployError({ code: "run.cancelled", message: "Cancelled.", cause: thrown });
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new DeployError({ code: fallbackCode, message, cause: thrown });
}
