import type { ProxyLimits } from "./types.js";

/** The limits of a proxy for which none were given. */
export const defaultLimits: ProxyLimits = {
  connectMs: 5_000,
  responseHeaderMs: 60_000,
  upstreamIdleMs: 1_000,
  requestHeaderMs: 15_000,
  requestBodyIdleMs: 60_000,
  clientIdleMs: 75_000,
  checkEveryMs: 5_000,
  headerBytes: 32_768,
};
