const marker: unique symbol = Symbol.for("deploy.redacted") as never;
const revealer = Symbol.for("deploy.redacted.reveal");
const inspect = Symbol.for("nodejs.util.inspect.custom");

/**
 * A secret value on its way through the system: it prints, logs, spreads and serialises as `<redacted>`.
 *
 * The value itself is read only by an explicit {@link reveal}.
 */
export interface Redacted<T = string> {
  readonly [marker]: T | true;
  /** Always `<redacted>`. */
  toString(): string;
  /** Always `<redacted>`. */
  toJSON(): string;
}

/** Wraps a secret, so that no message, event, plan or log can show it by accident. */
export function redact<T>(value: T): Redacted<T> {
  const hidden = {
    toString: () => "<redacted>",
    toJSON: () => "<redacted>",
  };
  Object.defineProperty(hidden, marker, { value: true, enumerable: false });
  Object.defineProperty(hidden, inspect, { value: () => "<redacted>", enumerable: false });
  Object.defineProperty(hidden, revealer, { value: () => value, enumerable: false });
  return Object.freeze(hidden) as unknown as Redacted<T>;
}

/** The secret inside `redacted`; the only way to read it, and easy to find in a review. */
export function reveal<T>(redacted: Redacted<T>): T {
  const read = (redacted as unknown as Record<symbol, unknown>)[revealer];
  if (typeof read !== "function") throw new TypeError("reveal() needs a value made by redact()");
  return read() as T;
}

/** Whether `value` is a {@link Redacted}, made by this copy of core or by any other. */
export function isRedacted(value: unknown): value is Redacted<unknown> {
  return typeof value === "object" && value !== null && (value as Record<symbol, unknown>)[marker] === true;
}
