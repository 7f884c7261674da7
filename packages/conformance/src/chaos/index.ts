export { type Call, type CallRequest, isMutatingMethod, labelOf } from "./call.js";
export { type ClientEnd, type ClientOptions, runClient } from "./client-process.js";
export { type CrashOptions, crashEveryPoint } from "./crash-every-point.js";
export { type CrashReport, describePoint, describeReport, type PointResult } from "./crash-report.js";
export { differences } from "./differences.js";
export type { Endpoint, UnixSocket } from "./endpoint.js";
export type { Answer, Fault, PlannedFault } from "./fault.js";
export { createFaultProxy, type FaultProxy, type FaultProxyOptions } from "./fault-proxy.js";
export type { Point, PointFault } from "./points.js";
