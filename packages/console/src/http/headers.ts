/**
 * What browsers are told with every answer.
 *
 * The policy allows the console's own files and nothing else: no inline script or style, no frame, no other host.
 * `connect-src 'self'` covers the sockets of the same origin, too (CSP level 3).
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ");

const COMMON: Readonly<Record<string, string>> = {
  "content-security-policy": POLICY,
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy":
    "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), microphone=(), payment=(), usb=()",
};

/** A year, the least that browsers take for their lists. */
const STRICT_TRANSPORT = "max-age=31536000";

/** The headers of an answer; what the handler has set itself about caching stays. */
export function secureHeaders(answer: Response, options: { readonly https: boolean }): Response {
  const secured = new Response(answer.body, answer);
  for (const [name, value] of Object.entries(COMMON)) secured.headers.set(name, value);
  if (options.https) secured.headers.set("strict-transport-security", STRICT_TRANSPORT);
  if (!secured.headers.has("cache-control")) secured.headers.set("cache-control", "no-store");
  return secured;
}
