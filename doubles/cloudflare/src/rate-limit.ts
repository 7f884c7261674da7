/** Cloudflare's limit of calls: so many in five minutes for a token, then nothing at all for five minutes. */
export interface RateLimit {
  /** Notes a call; gives the milliseconds that the token is still blocked, or 0. */
  take(token: string, now: number): number;
}

const fiveMinutes = 5 * 60_000;

/** A limit of `most` calls; developers.cloudflare.com/fundamentals/api/reference/limits. */
export function createRateLimit(most: number): RateLimit {
  const taken = new Map<string, number[]>();
  const blocked = new Map<string, number>();
  return {
    take(token, now) {
      const until = blocked.get(token) ?? 0;
      if (until > now) return until - now;
      const recent = (taken.get(token) ?? []).filter((time) => time > now - fiveMinutes);
      if (recent.length >= most) {
        taken.delete(token);
        blocked.set(token, now + fiveMinutes);
        return fiveMinutes;
      }
      recent.push(now);
      taken.set(token, recent);
      return 0;
    },
  };
}
