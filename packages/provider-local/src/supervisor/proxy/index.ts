export { createProxy } from "./proxy.js";
export type {
  DrainOptions,
  DrainResult,
  Listening,
  ListenOptions,
  ProxyEvent,
  ProxyLimits,
  ProxyOptions,
  ReverseProxy,
  Route,
  ServiceSettings,
  ServiceStats,
  UpstreamTarget,
} from "./types.js";
