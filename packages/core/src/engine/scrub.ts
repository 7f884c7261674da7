import { DeployError, type DeployErrorData } from "../errors.js";
import { isRedacted, reveal } from "../redacted.js";
import { forEachLeaf, isPlainObject } from "./late.js";

/** Below this many characters a secret is also an ordinary word, and hiding it would garble every sentence. */
const shortestSecret = 6;

/**
 * The last line of defence: takes secrets which the run knows of out of whatever a vendor or a command says.
 */
export interface Scrubber {
  /** Remembers every secret in `data`. */
  learn(data: unknown): void;
  /** `text` without them. */
  text(text: string): string;
  /** JSON data without them; the names of its members stay. */
  data<T>(value: T): T;
  /** The same error, or a copy without them, causes included. */
  error(error: DeployError): DeployError;
}

/** A scrubber that knows nothing yet. */
export function createScrubber(): Scrubber {
  const secrets = new Set<string>();
  let longestFirst: readonly string[] = [];

  const add = (value: string): void => {
    if (value.length < shortestSecret) return;
    for (const form of [
      value,
      encodeURIComponent(value),
      JSON.stringify(value).slice(1, -1),
      toBase64(value),
    ]) {
      secrets.add(form);
    }
  };
  const learnLeaf = (leaf: unknown): void => {
    if (!isRedacted(leaf)) return;
    const before = secrets.size;
    forEachLeaf(reveal(leaf), (value) => {
      if (typeof value === "string") add(value);
      else if (isRedacted(value)) learnLeaf(value);
    });
    if (secrets.size > before) longestFirst = [...secrets].sort((a, b) => b.length - a.length);
  };
  const text = (value: string): string => {
    let clean = value;
    for (const secret of longestFirst) {
      if (clean.includes(secret)) clean = clean.replaceAll(secret, "<redacted>");
    }
    return clean;
  };
  const data = <T>(value: T): T => {
    if (secrets.size === 0) return value;
    if (typeof value === "string") return text(value) as T;
    if (Array.isArray(value)) return value.map(data) as T;
    if (!isPlainObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, data(member)])) as T;
  };
  const cause = (thrown: unknown, depth = 0): unknown => {
    if (depth > 8) return undefined;
    if (typeof thrown === "string") return text(thrown);
    if (!(thrown instanceof Error)) return data(thrown);
    if (DeployError.is(thrown)) return error(thrown);
    const inner = cause(thrown.cause, depth + 1);
    if (
      text(`${thrown.message}\n${thrown.stack ?? ""}`) === `${thrown.message}\n${thrown.stack ?? ""}` &&
      inner === thrown.cause
    ) {
      return thrown;
    }
    const copy = new Error(text(thrown.message), inner === undefined ? undefined : { cause: inner });
    copy.name = thrown.name;
    copy.stack = text(thrown.stack ?? "");
    return copy;
  };
  const error = (thrown: DeployError): DeployError => {
    if (secrets.size === 0) return thrown;
    const plain = thrown.toJSON();
    const clean: DeployErrorData = data(plain);
    const cleanCause = cause(thrown.cause);
    if (cleanCause === thrown.cause && JSON.stringify(plain) === JSON.stringify(clean)) return thrown;
    return new DeployError({ ...clean, ...(cleanCause === undefined ? {} : { cause: cleanCause }) });
  };
  return {
    learn: (value) => forEachLeaf(value, learnLeaf),
    text,
    data,
    error,
  };
}

function toBase64(value: string): string {
  return Buffer.from(value, "utf8").toString("base64");
}
