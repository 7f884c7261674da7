import { DeployError } from "@deploy/core";
import type { ServiceName } from "./clients/modules.js";

/** Which call an error came from. */
export interface CallSubject {
  readonly service: ServiceName;
  readonly action: string;
  readonly region: string;
  /** The input holds a secret: AWS's message, which may quote it, is left out. */
  readonly private?: boolean;
}

const throttled =
  /^(?:Throttl|EC2Throttled|RequestThrottled|RequestLimitExceeded|TooManyRequests|TooManyUpdates|SlowDown|PriorRequestNotComplete|BandwidthLimitExceeded)/;
const expired = /^(?:ExpiredToken|ExpiredTokenException|RequestExpired|TokenRefreshRequired)$/;
const refusedKeys =
  /^(?:UnrecognizedClientException|InvalidClientTokenId|InvalidAccessKeyId|SignatureDoesNotMatch|InvalidSignatureException|AuthFailure|IncompleteSignature|MissingAuthenticationToken\w*|InvalidToken|NotSignedUp|OptInRequired)$/;
const denied =
  /^(?:AccessDenied\w*|UnauthorizedOperation|Unauthorized\w*|AuthorizationError\w*|NotAuthorized\w*|Client\.UnauthorizedOperation)$/;
const quota =
  /LimitExceeded|QuotaExceeded|QuotaReached|^TooMany(?!Requests|Updates)|^LimitExceeded|MaxSpotInstanceCountExceeded|InsufficientFreeAddresses/;
const gone = /NotFound|NoSuch|DoesNotExist|^ServiceNotActiveException$|^InvalidParameterNotFound/;
const network = new Set([
  "ENOTFOUND",
  "EAI_AGAIN",
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EPIPE",
  "ETIMEDOUT",
  "UND_ERR_SOCKET",
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_BODY_TIMEOUT",
]);

/** The rights that a deployer needs are printed by this. */
const policyHint = "`deploy doctor` prints the smallest policy that is needed.";

/**
 * What the SDK threw, as an error that says which call failed, why, and what to do.
 *
 * Codes: `credentials.missing`, `credentials.expired`, `credentials.refused` (exit 4); then, after the service's name
 * as in {@link ServiceName}: `.forbidden` (which action on which resource), `.throttled`, `.quota-reached`,
 * `.not-found`, `.unavailable`, `.unreachable`, `.bad-answer`, `.refused`. AWS's own code is `details.awsCode`.
 */
export function awsError(thrown: unknown, subject: CallSubject): DeployError {
  if (DeployError.is(thrown)) return thrown;
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  if (error.name === "CredentialsProviderError" || error.name === "TokenProviderError")
    return missingCredentials(error);
  const status = statusOf(error);
  const reason = networkReason(error);
  if (reason !== undefined) return unreachable(subject, reason);
  // Whoever refuses so without AWS's own words stands in between, or it is AWS's front: either way it is no passing fault.
  if (status === 401 || (status === 403 && isUnreadable(error))) return refusedUnread(subject, status);
  const bad = isUnreadable(error);
  if (bad || status === undefined)
    return status === undefined && !bad ? unexpected(subject, error) : badAnswer(subject, status);
  return serviceError(error, subject, status);
}

function isUnreadable(error: Error): boolean {
  return error instanceof SyntaxError || /Deserialization error/.test(error.message);
}

function refusedUnread(subject: CallSubject, status: number): DeployError {
  return new DeployError({
    code: "credentials.refused",
    message: `These credentials were refused for ${callOf(subject)} in ${subject.region} (${status}), without AWS's own reason.`,
    hint: "Look at AWS_PROFILE and the keys, and whether a proxy stands in between.",
    details: { service: subject.service, action: subject.action, status },
  });
}

/** AWS's own code of an error that {@link awsError} made, such as `ClusterNotFoundException`. */
export function awsCodeOf(error: unknown): string | undefined {
  const code = DeployError.is(error) ? error.details.awsCode : undefined;
  return typeof code === "string" ? code : undefined;
}

/** Whether AWS answered with one of these codes. */
export function isAwsError(error: unknown, ...codes: readonly string[]): boolean {
  const code = awsCodeOf(error);
  return code !== undefined && codes.includes(code);
}

/** Whether AWS said that the thing is not there. */
export function isGone(error: unknown): boolean {
  return DeployError.is(error) && error.code.endsWith(".not-found");
}

/** The answer of a call, or undefined when AWS says that the thing is not there. */
export async function unlessGone<T>(answer: Promise<T>): Promise<T | undefined> {
  return answer.catch((error: unknown) => {
    if (isGone(error)) return undefined;
    throw error;
  });
}

function serviceError(error: Error, subject: CallSubject, status: number): DeployError {
  const name = error.name;
  const call = callOf(subject);
  const said = subject.private === true ? "" : `: ${error.message}`;
  const details = {
    service: subject.service,
    action: subject.action,
    awsCode: name,
    status,
    ...requestIdOf(error),
  };
  if (throttled.test(name) || status === 429) {
    const message = `AWS asks to be called less often (${call}).`;
    const hint = "Run the same again in a minute.";
    return new DeployError({ code: `${subject.service}.throttled`, message, hint, retryable: true, details });
  }
  if (expired.test(name)) {
    const hint = "Sign in again (`aws sso login`), or renew the keys; then run the same again.";
    return new DeployError({
      code: "credentials.expired",
      message: "The AWS credentials have expired.",
      hint,
      details,
    });
  }
  if (refusedKeys.test(name)) {
    const message = `AWS does not accept these credentials in ${subject.region} (${name}).`;
    const hint = `Look at AWS_PROFILE and the keys, at this machine's clock, and whether the account has enabled the region ${subject.region}.`;
    return new DeployError({ code: "credentials.refused", message, hint, details });
  }
  if (denied.test(name) || status === 403) return forbidden(error, subject, details);
  if (status >= 500) {
    const message = `AWS could not answer ${call} (${status} ${name}).`;
    const hint = "Run the same again; if it stays so, look at https://health.aws.amazon.com/health/status.";
    return new DeployError({
      code: `${subject.service}.unavailable`,
      message,
      hint,
      retryable: true,
      details,
    });
  }
  if (gone.test(name) || status === 404) {
    const message = `${call}: AWS does not find it (${name})${said}`;
    return new DeployError({
      code: `${subject.service}.not-found`,
      message,
      hint: "Run again: a new plan shows what is there.",
      details,
    });
  }
  if (quota.test(name)) {
    const message = `A quota of the account is reached in ${subject.region} (${call}, ${name})${said}`;
    const hint =
      "Remove what is not needed, or ask for more at https://console.aws.amazon.com/servicequotas.";
    return new DeployError({ code: `${subject.service}.quota-reached`, message, hint, details });
  }
  const message = `AWS refused ${call} (${name})${said}`;
  const hint = "Look at what AWS says; nothing was changed by this call.";
  return new DeployError({ code: `${subject.service}.refused`, message, hint, details });
}

function forbidden(
  error: Error,
  subject: CallSubject,
  details: Readonly<Record<string, unknown>>,
): DeployError {
  const action = /perform: ([\w-]+:\w+)/.exec(error.message)?.[1] ?? callOf(subject);
  const resource = /on resource: (\S+)/.exec(error.message)?.[1]?.replace(/[.,]$/, "");
  const who = /User: (\S+)/.exec(error.message)?.[1];
  const on = resource === undefined ? "" : ` on ${resource}`;
  return new DeployError({
    code: `${subject.service}.forbidden`,
    message: `${who ?? "These credentials"} may not do ${action}${on}.`,
    hint: `Give ${who ?? "them"} this right, or use other credentials: ${policyHint}`,
    details: { ...details, permission: action, ...(resource === undefined ? {} : { resource }) },
  });
}

function missingCredentials(cause: Error): DeployError {
  return new DeployError({
    code: /expired|refresh|sso/i.test(cause.message) ? "credentials.expired" : "credentials.missing",
    message: `No AWS credentials were found, or they cannot be used: ${cause.message}`,
    hint: "Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or sign in with `aws sso login`.",
    docs: "https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html",
  });
}

function unreachable(subject: CallSubject, reason: string): DeployError {
  const unknownHost = reason === "ENOTFOUND";
  return new DeployError({
    code: `${subject.service}.unreachable`,
    message: `AWS could not be reached for ${callOf(subject)} in ${subject.region} (${reason}).`,
    hint: unknownHost
      ? `Look whether "${subject.region}" is a region of AWS, and whether this machine is connected.`
      : "Look whether this machine is connected, and whether a proxy is needed.",
    retryable: !unknownHost,
    details: { service: subject.service, action: subject.action, reason },
  });
}

/** The parser's message quotes the body, which may hold a secret: it is left out. */
function badAnswer(subject: CallSubject, status: number | undefined): DeployError {
  return new DeployError({
    code: `${subject.service}.bad-answer`,
    message: `The answer to ${callOf(subject)} cannot be read${status === undefined ? "" : ` (status ${status})`}.`,
    hint: "Look whether a proxy stands in between; else run the same again.",
    retryable: true,
    details: {
      service: subject.service,
      action: subject.action,
      ...(status === undefined ? {} : { status }),
    },
  });
}

function unexpected(subject: CallSubject, error: Error): DeployError {
  const said = subject.private === true ? "" : `: ${error.message}`;
  return new DeployError({
    code: `${subject.service}.failed`,
    message: `${callOf(subject)} failed (${error.name})${said}`,
    hint: "Look at what it says; `--debug` shows the cause.",
    ...(subject.private === true ? {} : { cause: error }),
    details: { service: subject.service, action: subject.action },
  });
}

function callOf({ service, action }: CallSubject): string {
  return `${service}:${action}`;
}

function statusOf(error: Error): number | undefined {
  const { $metadata: metadata, $response: response } = error as {
    $metadata?: { httpStatusCode?: number };
    $response?: { statusCode?: number };
  };
  return metadata?.httpStatusCode ?? response?.statusCode;
}

function requestIdOf(error: Error): { readonly requestId?: string } {
  const requestId = (error as { $metadata?: { requestId?: string } }).$metadata?.requestId;
  return requestId === undefined ? {} : { requestId };
}

function networkReason(error: Error, depth = 0): string | undefined {
  const code = (error as { code?: unknown }).code;
  if (typeof code === "string" && network.has(code)) return code;
  if (error.cause instanceof Error && depth < 5) return networkReason(error.cause, depth + 1);
  return error instanceof TypeError && error.message === "fetch failed" ? "fetch failed" : undefined;
}

/** The error for credentials of another account than the options name. */
export function accountMismatch(expected: string, actual: string, label: string): DeployError {
  return new DeployError({
    code: "account.mismatch",
    message: `ecs() belongs to the account ${expected}, and these credentials are those of ${label} (${actual}).`,
    hint: `Use credentials of ${expected} (AWS_PROFILE), or correct "account" of ecs(). Nothing was touched.`,
    details: { expected, actual },
  });
}
