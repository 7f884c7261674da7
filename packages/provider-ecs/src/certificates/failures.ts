import { DeployError } from "@deploy/core";

/** What each reason of ACM means, and what to do (ACM user guide, "Troubleshoot certificate requests"). */
const reasons: Readonly<Record<string, readonly [meaning: string, hint: string]>> = {
  CAA_ERROR: [
    "a CAA record of the domain does not allow Amazon to issue certificates",
    'Add a CAA record: example.org CAA 0 issue "amazon.com" (or amazontrust.com, awstrust.com, amazonaws.com), then run again.',
  ],
  ADDITIONAL_VERIFICATION_REQUIRED: [
    "ACM wants to look at this request by hand, as it does with well-known names",
    "Ask AWS Support to allow the domain for this account, then run again.",
  ],
  DOMAIN_NOT_ALLOWED: [
    "the domain, or one of its parents, is listed as unsafe",
    "Look it up in Google's Safe Browsing status and at VirusTotal; once it is off the lists, ask AWS Support.",
  ],
  INVALID_PUBLIC_DOMAIN: [
    "one of the names is not below a public suffix",
    "Look for a slip in the host names: internal names get no public certificate.",
  ],
  DOMAIN_VALIDATION_DENIED: [
    "the owner of the domain has refused",
    "Ask whoever holds the domain, then run again.",
  ],
  NO_AVAILABLE_CONTACTS: [
    "no address to ask was found in the domain's registration",
    "Run again: this package asks by DNS, so that the certificate was changed by hand.",
  ],
  LIMIT_EXCEEDED: [
    "the account has too many certificates, or this one has too many names",
    "Remove certificates that are not used, or ask for more at https://console.aws.amazon.com/servicequotas.",
  ],
  OTHER: ["ACM does not say why", "Run again: a new one is requested. If it fails as well, ask AWS Support."],
};

/** The error of a certificate that will never be issued. */
export function certificateFailed(
  names: readonly string[],
  status: string,
  reason: string | undefined,
): DeployError {
  const of = names.join(", ");
  const docs = "https://docs.aws.amazon.com/acm/latest/userguide/troubleshooting.html";
  if (status === "VALIDATION_TIMED_OUT") {
    return new DeployError({
      code: "certificates.timed-out",
      message: `ACM gave up on the certificate of ${of}: its validation record was not found within 72 hours.`,
      hint: "Look whether the domain's name servers are those of the DNS provider; then run again, and a new one is requested.",
      docs,
      details: { status },
    });
  }
  if (status === "EXPIRED" || status === "REVOKED") {
    return new DeployError({
      code: `certificates.${status.toLowerCase()}`,
      message: `The certificate of ${of} ${status === "EXPIRED" ? "has expired" : "was revoked"}.`,
      hint: "Run again: a new one is requested.",
      docs,
      details: { status },
    });
  }
  const [meaning, hint] = reasons[reason ?? "OTHER"] ?? [`ACM says ${reason}`, reasons.OTHER![1]];
  return new DeployError({
    code: "certificates.failed",
    message: `ACM does not issue the certificate of ${of}: ${meaning}.`,
    hint,
    docs,
    details: { status, ...(reason === undefined ? {} : { reason }) },
  });
}
