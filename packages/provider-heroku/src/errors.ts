import { DeployError } from "@deploy/core";
import type { TransportAnswer, TransportFailure } from "./transport.js";

/** What was asked, as far as a message may say it. */
export interface Asked {
  readonly method: string;
  /** Without its query. */
  readonly path: string;
  /** What a message must never repeat: the token, values that were sent. */
  readonly secrets: readonly string[];
}

/** What Heroku says in the body of a refusal. */
interface Refusal {
  readonly id?: string;
  readonly message?: string;
  readonly url?: string;
}

/** Heroku's status page, for hints. */
const statusPage = "https://status.heroku.com";

/** Characters of Heroku's own words that are passed on; the Platform API's messages are a sentence or two. */
const longestQuote = 400;

interface Meaning {
  readonly code: string;
  readonly hint: string;
  readonly retryable?: true;
}

/**
 * A refusal of Heroku's as a `DeployError`; its `details` have the `status`, Heroku's own `id` and the `requestId`.
 *
 * @returns code `heroku.unauthenticated` (401), `.delinquent`, `.payment-required`
 * (402), `.suspended`, `.two-factor-needed`, `.forbidden`
 * (403), `.not-found` (404), `.conflict` (409), `.gone` (410), `.bad-range` (416), `.verification-needed`,
 * `.name-taken`, `.confirmation-needed`, `.invalid` (422), `.throttled` (429), `.unavailable` (5xx), `.refused` (others).
 */
export function refusalError(answer: TransportAnswer, asked: Asked): DeployError {
  const refusal = parseRefusal(answer.body);
  const said = quotable(refusal.message, asked.secrets);
  const { code, hint, retryable } = meaningOf(answer.status, refusal);
  const what = `Heroku answered ${asked.method} ${asked.path} with ${answer.status}`;
  const requestId = answer.headers["request-id"];
  const retryAfterMs = pauseAsked(answer);
  return new DeployError({
    code: `heroku.${code}`,
    message: said === undefined ? `${what}.` : `${what}: ${said}`,
    hint,
    ...(retryable === undefined ? {} : { retryable }),
    ...(refusal.url?.startsWith("https://devcenter.heroku.com/") ? { docs: refusal.url } : {}),
    details: {
      status: answer.status,
      ...(refusal.id === undefined ? {} : { id: refusal.id }),
      ...(requestId === undefined ? {} : { requestId }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    },
  });
}

/** A request without an answer as a `DeployError`: `heroku.unreachable`, `.cut`, `.timeout`, `.too-large`. */
export function failureError(failure: TransportFailure, asked: Asked, timeoutMs: number): DeployError {
  const what = `${asked.method} ${asked.path}`;
  const because = failure.code === undefined ? "" : ` (${failure.code})`;
  const hint = `Run the same again; if it stays so, look at ${statusPage}.`;
  const details = failure.code === undefined ? {} : { reason: failure.code };
  switch (failure.reason) {
    case "unreachable":
      return new DeployError({
        code: "heroku.unreachable",
        message: `Heroku could not be reached for ${what}${because}.`,
        hint: "Look whether this machine is connected, and whether a proxy is needed.",
        retryable: true,
        details,
      });
    case "cut":
      return new DeployError({
        code: "heroku.cut",
        message: `The connection to Heroku ended before ${what} was answered${because}.`,
        hint,
        retryable: true,
        details,
      });
    case "timeout":
      return new DeployError({
        code: "heroku.timeout",
        message: `Heroku did not answer ${what} within ${timeoutMs / 1000} s.`,
        hint,
        retryable: true,
      });
    case "too-large":
      return new DeployError({
        code: "heroku.too-large",
        message: `Heroku's answer to ${what} is larger than anything it should answer.`,
        hint: "Look whether something stands between this machine and Heroku.",
      });
  }
}

/** A 2xx whose body is no JSON. */
export function unreadableError(asked: Asked): DeployError {
  return new DeployError({
    code: "heroku.unreadable",
    message: `Heroku's answer to ${asked.method} ${asked.path} is no JSON.`,
    hint: "Look whether something stands between this machine and Heroku, such as a proxy with a login page.",
  });
}

/** Whether `error` is one of ours with this code. */
export function hasCode(error: unknown, ...codes: readonly string[]): error is DeployError {
  return DeployError.is(error) && codes.includes(error.code);
}

/** The answer, or undefined where Heroku says that there is no such thing. */
export async function unlessMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (hasCode(error, "heroku.not-found", "heroku.gone")) return undefined;
    throw error;
  }
}

function meaningOf(status: number, { id, message = "" }: Refusal): Meaning {
  if (status === 401) {
    return {
      code: "unauthenticated",
      hint: "Heroku does not accept the token: set HEROKU_API_KEY to a new one (heroku authorizations:create), or log in with `heroku login`. `deploy doctor` says which one is used.",
    };
  }
  if (status === 402 && id !== undefined && id !== "delinquent") {
    return { code: "payment-required", hint: "What is asked for costs money: look at what Heroku answered." };
  }
  if (status === 402) {
    return {
      code: "delinquent",
      hint: "The account owes money: settle it at https://dashboard.heroku.com/account/billing, then run the same again.",
    };
  }
  if (status === 403) return forbidden(id);
  if (status === 404)
    return { code: "not-found", hint: "Look at the name, and whether this account may see it." };
  if (status === 409) {
    return {
      code: "conflict",
      hint: "Something else is going on with it at Heroku: run the same again when that is done.",
      retryable: true,
    };
  }
  if (status === 410) return { code: "gone", hint: "It is gone for good: make a new one." };
  if (status === 416)
    return { code: "bad-range", hint: "This is a fault of the provider. Please report it." };
  if (status === 422) return unprocessable(id, message);
  if (status === 429) {
    return {
      code: "throttled",
      hint: "The account's calls of this hour are used up (4,500; 75 come back each minute): wait a while, or stop whatever else uses this token.",
      retryable: true,
    };
  }
  if (status >= 500 || status === 408) {
    return {
      code: "unavailable",
      hint: `Run the same again; if it stays so, look at ${statusPage}.`,
      retryable: true,
    };
  }
  return { code: "refused", hint: "Look at what Heroku answered." };
}

function forbidden(id: string | undefined): Meaning {
  if (id === "suspended") {
    return { code: "suspended", hint: "The account or the app is suspended: write to Heroku's support." };
  }
  if (id === "two_factor" || id === "two_factor_required") {
    return {
      code: "two-factor-needed",
      hint: "This account needs a second factor for that: use a token of `heroku authorizations:create`, which asks for it once.",
    };
  }
  return {
    code: "forbidden",
    hint: "This account may not do that: have the right granted, or use another token. `deploy doctor` says whose it is.",
  };
}

function unprocessable(id: string | undefined, message: string): Meaning {
  if (id === "verification_needed" || id === "verification_required") {
    return {
      code: "verification-needed",
      hint: "Heroku wants a payment card first: add one at https://heroku.com/verify, then run the same again.",
    };
  }
  if (id === "confirmation_required") {
    return { code: "confirmation-needed", hint: "Heroku wants the app's name as a confirmation." };
  }
  if (/\bname\b.*\balready taken\b/i.test(message)) {
    return { code: "name-taken", hint: "Names are unique among all of Heroku: choose another one." };
  }
  return { code: "invalid", hint: "Look at what Heroku answered, and at the option it names." };
}

function parseRefusal(body: string): Refusal {
  try {
    const data: unknown = JSON.parse(body);
    if (typeof data !== "object" || data === null) return {};
    const { id, message, error, url } = data as Record<string, unknown>;
    const text = typeof message === "string" ? message : error;
    return {
      ...(typeof id === "string" ? { id } : {}),
      ...(typeof text === "string" ? { message: text } : {}),
      ...(typeof url === "string" ? { url } : {}),
    };
  } catch {
    return {};
  }
}

/** One line, unless it repeats something secret or is no sentence at all. */
function quotable(message: string | undefined, secrets: readonly string[]): string | undefined {
  if (message === undefined || message.length > longestQuote) return undefined;
  if (secrets.some((secret) => secret.length >= 4 && message.includes(secret))) return undefined;
  const line = message.replace(/[\p{Cc}\p{Cf}\s]+/gu, " ").trim();
  return line === "" ? undefined : line;
}

/** Heroku documents no `Retry-After`; it is kept to wherever it comes. */
function pauseAsked(answer: TransportAnswer): number | undefined {
  const seconds = Number(answer.headers["retry-after"] || Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
}
