/** Characters, as the server demands. */
export const MINIMUM_PASSWORD = 12;

const MAXIMUM_PASSWORD = 256;

/** What is wrong with a new password; undefined: nothing. Counted in characters as the server counts them. */
export function passwordProblem(password: string): string | undefined {
  if (password.length < MINIMUM_PASSWORD) return `Take at least ${MINIMUM_PASSWORD} characters.`;
  if (password.length > MAXIMUM_PASSWORD) return `Take at most ${MAXIMUM_PASSWORD} characters.`;
  return undefined;
}
