/**
 * How grave it is that a certificate is good for so many days.
 *
 * Issuers that renew do so about 30 days before (ACM 60): what is left at 14 has missed several tries, and at 3 nobody
 * should wait any longer.
 */
export function daysLeftKind(days: number): "good" | "warn" | "bad" {
  if (days < 3) return "bad";
  return days < 14 ? "warn" : "good";
}

/** `61 days left`, `1 day left`, `expires today`, `expired 2 days ago`. */
export function daysLeftWords(days: number): string {
  if (days < 0) return `expired ${-days === 1 ? "1 day" : `${-days} days`} ago`;
  if (days === 0) return "expires today";
  return days === 1 ? "1 day left" : `${days} days left`;
}
