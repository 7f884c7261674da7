import { DeployError } from "@deploy/core";
import type { QueryProblem, Read } from "../shared/filter-query.js";

/** The status of each of our own errors that does not name one itself. */
const STATUS: Readonly<Record<string, number>> = {
  "console.bad-request": 400,
  "console.bad-pattern": 400,
  "console.not-signed-in": 401,
  "console.forbidden": 403,
  "console.forged-request": 403,
  "console.not-found": 404,
  "console.bad-method": 405,
  "console.too-large": 413,
  "console.wrong-host": 421,
  "console.upgrade-required": 426,
  "console.store-read-only": 503,
  "console.not-built": 503,
};

/** What the client is told when something failed that nobody foresaw: nothing of it, for it may hold anything. */
const unexpected = {
  code: "console.unexpected",
  message: "The console failed at this request.",
  hint: "Try again; if it fails again, look at what the console printed.",
};

/**
 * A failure as it is answered: `{ error: { code, message, hint? } }`.
 *
 * Never a stack, a cause or the details; of what is no `DeployError` nothing at all.
 */
export function errorAnswer(thrown: unknown): Response {
  if (!DeployError.is(thrown)) return Response.json({ error: unexpected }, { status: 500 });
  const { code, message, hint } = thrown;
  const { retryAfter } = thrown.details;
  return Response.json(
    { error: { code, message, ...(hint === undefined ? {} : { hint }) } },
    {
      status: statusOf(thrown),
      headers: typeof retryAfter === "number" ? { "retry-after": String(Math.ceil(retryAfter)) } : {},
    },
  );
}

/** What of a stored error the status is: its own, else by its code; what a provider refused is 502. */
function statusOf({ code, details, retryable }: DeployError): number {
  if (isErrorStatus(details.status)) return details.status;
  const known = STATUS[code];
  if (known !== undefined) return known;
  const [element, reason] = code.split(".", 2);
  if (reason === "confirmation-needed") return 409;
  if (element === "console" || element === "internal") return 500;
  if (element === "usage" || element === "app" || element === "config") return 400;
  return retryable ? 503 : 502;
}

function isErrorStatus(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 400 && value <= 599;
}

/** What was read from a query. Throws `console.bad-request`, which names the parameter. */
export function wanted<T>(read: Read<T>): T {
  if (read.problem !== undefined) throw badQuery(read.problem);
  return read.value;
}

/** A query that is no use. */
export function badQuery({ message }: QueryProblem): DeployError {
  return new DeployError({ code: "console.bad-request", message, hint: "Correct the address." });
}
