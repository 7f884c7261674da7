import { DeployError } from "@deploy/core";

const network: RegExp = /^(?:E[A-Z_]+|UND_ERR_\w+)$/;
const throttled: RegExp =
  /^(?:Throttl|TooManyRequests|RequestLimitExceeded|PriorRequestNotComplete|SlowDown)/;
const expired: RegExp = /^(?:ExpiredToken|RequestExpired|TokenRefreshRequired)/;
const refusedKeys: RegExp =
  /^(?:UnrecognizedClient|InvalidClientTokenId|InvalidAccessKeyId|SignatureDoesNotMatch|InvalidSignature|IncompleteSignature|MissingAuthenticationToken|InvalidToken|AuthFailure|NotSignedUp|OptInRequired)/;
const quota: RegExp = /LimitExceeded|LimitsExceeded|limit of \d+ exceeded|TooManyHostedZones/i;

/**
 * What the SDK threw, as an error that says which call failed, why, and what to do.
 *
 * Codes: `credentials.missing`, `credentials.expired`, `credentials.refused`; `dns.forbidden` (which action on which
 * resource), `dns.throttled`, `dns.quota-reached`, `dns.no-zone`, `dns.unavailable`, `dns.unreachable`, `dns.refused`.
 * AWS's own code is `details.awsCode`.
 */
export function awsError(thrown: unknown, action: string): DeployError {
  if (DeployError.is(thrown)) return thrown;
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const call = `route53:${action}`;
  const { name } = error;
  const status = statusOf(error);
  const said = wordsOf(error);
  const details = { action, awsCode: name, ...(status === undefined ? {} : { status }) };
  const make = (code: string, message: string, hint: string, retryable = false): DeployError =>
    new DeployError({ code, message, hint, retryable, details });
  if (name === "CredentialsProviderError" || name === "TokenProviderError") {
    const reason = /expired|refresh|sso/i.test(said) ? "expired" : "missing";
    const message = `No AWS credentials were found, or they cannot be used: ${said}`;
    return make(
      `credentials.${reason}`,
      message,
      "Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or sign in with `aws sso login`.",
    );
  }
  const reason = networkReason(error);
  if (reason !== undefined) {
    const message = `Route 53 could not be reached for ${call} (${reason}).`;
    return make(
      "dns.unreachable",
      message,
      "Look whether this machine is connected, and needs a proxy.",
      true,
    );
  }
  if (throttled.test(name) || status === 429) {
    const message = `Route 53 asks to be called less often (${call}, ${name}): five requests a second for an account.`;
    return make("dns.throttled", message, "Run the same again in a minute.", true);
  }
  if (expired.test(name)) {
    const hint = "Sign in again (`aws sso login`), or renew the keys; then run the same again.";
    return make("credentials.expired", "The AWS credentials have expired.", hint);
  }
  if (refusedKeys.test(name) || (status === 401 && !/Denied/.test(name))) {
    const hint = "Look at AWS_PROFILE and the keys, and at this machine's clock.";
    return make("credentials.refused", `AWS does not accept these credentials (${name}).`, hint);
  }
  if (/^AccessDenied|^Unauthorized|^NotAuthorized/.test(name) || status === 403) {
    const permission = /perform: ([\w-]+:\w+)/.exec(said)?.[1] ?? call;
    const resource = /on resource: (\S+)/.exec(said)?.[1]?.replace(/[.,]$/, "");
    const who = /User: (\S+)/.exec(said)?.[1] ?? "These credentials";
    const on = resource === undefined ? "" : ` on ${resource}`;
    return make(
      "dns.forbidden",
      `${who} may not do ${permission}${on}.`,
      "Give this right: docs/providers/route53.md has the smallest policy; or use other credentials.",
    );
  }
  if (name === "NoSuchHostedZone") {
    const hint = "Look whether the zone was removed, or belongs to another account; then plan again.";
    return make("dns.no-zone", `${call}: ${said}`, hint);
  }
  if (status === undefined || status >= 500 || error instanceof SyntaxError || /Deserialization/.test(said)) {
    const message = `Route 53 could not answer ${call} (${status ?? "no status"} ${name}).`;
    const hint = "Run the same again; if it stays so, look at https://health.aws.amazon.com/health/status.";
    return make("dns.unavailable", message, hint, true);
  }
  if (quota.test(`${name} ${said}`)) {
    const hint =
      "Remove what is not needed, or ask for more at https://console.aws.amazon.com/servicequotas.";
    return make("dns.quota-reached", `A quota of Route 53 is reached (${call}): ${said}`, hint);
  }
  return make(
    "dns.refused",
    `Route 53 refused ${call} (${name}): ${said}`,
    "Nothing was changed by this call.",
  );
}

/** Whether a batch was refused because the zone is no longer as it was read. */
export function isOutdated(error: unknown): boolean {
  return (
    DeployError.is(error) &&
    error.details.awsCode === "InvalidChangeBatch" &&
    /already exists|was not found|do not match the current values/.test(error.message)
  );
}

/** InvalidChangeBatch has its reasons in a list of their own. */
function wordsOf(error: Error): string {
  const { messages } = error as { messages?: readonly string[] };
  return messages === undefined || messages.length === 0 ? error.message : messages.join("; ");
}

function statusOf(error: Error): number | undefined {
  const { $metadata, $response } = error as {
    $metadata?: { httpStatusCode?: number };
    $response?: { statusCode?: number };
  };
  return $metadata?.httpStatusCode ?? $response?.statusCode;
}

function networkReason(error: Error, depth = 0): string | undefined {
  const { code } = error as { code?: unknown };
  if (typeof code === "string" && network.test(code)) return code;
  const inner = error.cause instanceof Error && depth < 5 ? networkReason(error.cause, depth + 1) : undefined;
  return (
    inner ?? (error instanceof TypeError && error.message === "fetch failed" ? "fetch failed" : undefined)
  );
}
