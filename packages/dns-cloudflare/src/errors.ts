import { type Context, DeployError, type DeployErrorOptions } from "@deploy/core";
import { type Operation, type OperationFacts, operations } from "./operations.js";

/** The variable that the token is read from. */
export const tokenVariable = "CLOUDFLARE_API_TOKEN";

/** Where tokens are made. */
export const tokenPage = "https://dash.cloudflare.com/profile/api-tokens";

/** What the official client throws, as far as it is looked into. */
interface Thrown {
  readonly status?: number;
  readonly headers?: Headers;
  readonly errors?: readonly { code?: number; message?: string; error_chain?: Thrown["errors"] }[];
}

type Said = Pick<DeployErrorOptions, "code" | "hint" | "retryable">;

/** Codes with which a token itself is refused: unknown, malformed, missing, or an old key. */
const badToken: ReadonlySet<number> = new Set([1000, 6003, 6103, 6111, 9103, 9106]);

/** Codes of records that stand in the way: another type, another TTL, the very same. */
export const conflictCodes: readonly number[] = [81_053, 81_057, 81_058];

/** Turns what a call has thrown into a `cloudflare.…` error; Cloudflare's own words and codes are in its message. */
export function toError(
  thrown: unknown,
  context: Pick<Context, "signal" | "clock">,
  operation: Operation,
  zone?: string,
): DeployError {
  if (DeployError.is(thrown)) return thrown;
  if (context.signal.aborted) return cancelled(context.signal.reason);
  const { status, headers, errors = [] } = thrown as Thrown;
  const all = errors.flatMap((one) => [one, ...(one.error_chain ?? [])]);
  const codes = all.flatMap(({ code }) => code ?? []);
  const words = all.map(({ code, message }) => `${message} (${code})`).join(": ");
  const seconds = Number(headers?.get("retry-after") ?? Number.NaN);
  const what = `Cloudflare did not ${operations[operation].does}${zone === undefined ? "" : ` of ${zone}`}`;
  const why = status === undefined ? reasonOf(thrown) : words || `it answered with status ${status}`;
  const isLimited = status === 429 && Number.isFinite(seconds);
  const until = isLimited ? new Date(context.clock.now() + seconds * 1000).toISOString().slice(11, 19) : "";
  return new DeployError({
    message: isLimited
      ? `${what}: it takes no calls from this token until ${until} UTC.`
      : `${what}: ${why}.`,
    ...explain(status, codes, words, operation, zone),
    details: {
      ...(status === undefined ? {} : { status }),
      ...(codes.length === 0 ? {} : { codes }),
      ...(isLimited ? { retryAfterMs: seconds * 1000 } : {}),
    },
  });
}

function explain(
  status: number | undefined,
  codes: readonly number[],
  words: string,
  operation: Operation,
  zone: string | undefined,
): Said {
  const { needs, shown }: OperationFacts = operations[operation];
  const has = (code: number): boolean => codes.includes(code);
  if (status === undefined || status >= 500 || status === 408) {
    const hint = "Run the same again; if it stays so, look at https://www.cloudflarestatus.com.";
    return {
      code: `cloudflare.${status === undefined ? "unreachable" : "unavailable"}`,
      hint,
      retryable: true,
    };
  }
  if (status === 429) {
    const hint =
      "A token has 1,200 calls in five minutes, shared with the dashboard; then all are refused for five.";
    return { code: "cloudflare.throttled", hint, retryable: true };
  }
  if (status === 401 || codes.some((code) => badToken.has(code)) || words.includes("Invalid access token")) {
    return {
      code: "cloudflare.unauthenticated",
      hint: `Put a valid API token into ${tokenVariable}: ${tokenPage}.`,
    };
  }
  if (has(9109) || has(7003)) {
    const hint = `Look whether ${zone ?? "the zone"} is still in the account of ${tokenVariable}, and whether the token is allowed for it.`;
    return { code: "cloudflare.no-zone", hint };
  }
  if (has(10_000) || status === 403) {
    const hint = `Give the token of ${tokenVariable} the permission "${needs}"${shown === undefined ? "" : ` (in the dashboard "${shown}")`}${zone === undefined ? "" : ` for ${zone}`}: ${tokenPage}.`;
    return { code: "cloudflare.forbidden", hint };
  }
  if (has(81_045) || /quota exceeded/i.test(words)) {
    return { code: "cloudflare.quota", hint: "Remove records that nobody needs, or pay for a larger plan." };
  }
  if (has(50_001) || /exceeded the maximum number of rules/i.test(words)) {
    const hint = "Remove redirect rules that nobody needs, or pay for a larger plan.";
    return { code: "cloudflare.quota", hint };
  }
  if (has(9004)) return { code: "cloudflare.not-proxiable", hint: "Leave `proxied` out for this record." };
  if (conflictCodes.some(has) || /exceeded maximum number of zone rulesets/i.test(words)) {
    return { code: "cloudflare.conflict", hint: "Plan again: somebody has changed the zone meanwhile." };
  }
  return {
    code: status === 404 ? "cloudflare.not-found" : "cloudflare.refused",
    hint: "Look at what it answered.",
  };
}

function reasonOf(thrown: unknown): string {
  const inner = (thrown as { cause?: { cause?: { code?: unknown }; code?: unknown } }).cause;
  const code = inner?.cause?.code ?? inner?.code;
  if (typeof code === "string") return `it could not be reached (${code})`;
  return thrown instanceof Error && /timed out/i.test(thrown.message)
    ? "it did not answer within 30 s"
    : "it could not be reached, or the answer was lost";
}

/** What an aborted signal means: its own reason, where that is an error of Deploy. */
export function cancelled(reason: unknown): DeployError {
  return DeployError.is(reason) ? reason : new DeployError({ code: "run.cancelled", message: "Cancelled." });
}
