import { errors } from "undici";
import type { ErrorPage } from "./pages.js";
import type { Service } from "./services.js";

/** Ends what is in flight on an upstream that is about to stop. */
export const cutError: Error = new errors.InformationalError("The instance is being stopped.");

/** Ends a request whose client no longer sends its body. */
export const uploadStalled: Error = new errors.InformationalError("The client stopped sending its request.");

/** A short name for an error: the system's, undici's, or that of its class. */
export function codeOf(error: Error): string {
  return (error as NodeJS.ErrnoException).code ?? error.name;
}

function nameOf(service: Service): string {
  const { settings } = service;
  if (settings === undefined) return `The service ${service.id}`;
  return `${settings.process} of ${settings.app} (${settings.environment})`;
}

/** The answer when a service has no upstream that could be asked. */
export function unavailablePage(service: Service): ErrorPage {
  const reason = service.settings?.unavailable;
  return {
    status: 503,
    code: "no-instance",
    message: `${nameOf(service)} has no running instance${reason === undefined ? "." : `: ${reason}`}`,
    retryAfter: 5,
  };
}

/** The answer to a client that stopped sending its body. */
export const stalledPage: ErrorPage = {
  status: 408,
  code: "request-timeout",
  message: "The request stopped in the middle of its body.",
};

/** The answer when an upstream was asked and `error` came of it. */
export function failurePage(error: Error, service: Service): ErrorPage {
  const name = nameOf(service);
  if (error === cutError) {
    return {
      status: 503,
      code: "instance-stopped",
      message: `${name} was stopped before it answered.`,
      retryAfter: 1,
    };
  }
  if (error instanceof errors.InvalidArgumentError || error instanceof errors.NotSupportedError) {
    return {
      status: 400,
      code: "bad-request",
      message: "The request cannot be passed on: its header is malformed.",
    };
  }
  if (error instanceof errors.HeadersTimeoutError) {
    return { status: 504, code: "upstream-timeout", message: `${name} did not answer in time.` };
  }
  return { status: 502, code: "upstream-failed", message: `${name} failed to answer: ${codeOf(error)}.` };
}
