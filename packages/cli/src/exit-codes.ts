/** What the process answers with; documented in the README, stable across versions. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  cancelled: 3,
  authentication: 4,
  changesPending: 8,
} as const;

const AUTHENTICATION_ELEMENTS = new Set(["credentials", "authentication", "identity", "account"]);
const AUTHENTICATION_REASONS = new Set([
  "unauthorized",
  "unauthenticated",
  "forbidden",
  "credentials",
  "no-credentials",
  "missing-credentials",
  "bad-credentials",
  "wrong-account",
  "authentication",
]);

/** The exit code that belongs to the code of a `DeployError`, such as `config.missing`. */
export function exitCodeOf(code: string): number {
  const [element = "", reason = ""] = code.split(".", 2);
  if (element === "config" || element === "usage" || element === "app") return EXIT.usage;
  // What the console refuses of its flags.
  if (element === "console" && (reason === "bad-option" || reason === "insecure-address")) return EXIT.usage;
  if (reason === "confirmation-needed") return EXIT.usage;
  if (reason === "cancelled" || reason === "aborted") return EXIT.cancelled;
  if (AUTHENTICATION_ELEMENTS.has(element) || AUTHENTICATION_REASONS.has(reason)) return EXIT.authentication;
  return EXIT.failed;
}
