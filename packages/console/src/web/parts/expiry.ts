const DAY = 86_400_000;

/** For how long something may be given; `0` is for good. Milliseconds. */
export const TERMS: readonly { readonly value: string; readonly label: string }[] = [
  { value: "0", label: "For good" },
  { value: String(3_600_000), label: "1 hour" },
  { value: String(8 * 3_600_000), label: "8 hours" },
  { value: String(DAY), label: "1 day" },
  { value: String(7 * DAY), label: "7 days" },
  { value: String(30 * DAY), label: "30 days" },
  { value: String(90 * DAY), label: "90 days" },
];

/** Terms of an API token, which is never for good: at most 366 days. */
export const TOKEN_TERMS: readonly { readonly value: string; readonly label: string }[] = [
  ...TERMS.slice(3),
  { value: String(366 * DAY), label: "1 year" },
];

/** When what is given now for `term` expires, as a field of a request; nothing for good. */
export function expiring(term: string, now: number): { readonly expiresAt?: number } {
  const length = Number(term);
  return length > 0 ? { expiresAt: now + length } : {};
}
