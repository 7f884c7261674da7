/**
 * A stateful double of Cloudflare's DNS API, judged by the published schema; its zones live in PowerDNS.
 *
 * @module
 */
/** Whether there is a PowerDNS, and what to say where there is none. */
export { findPowerDns, powerDnsMissing } from "@deploy/powerdns-double";
export { type CloudflareDouble, createCloudflareDouble } from "./double.js";
export type { Fault, FaultKind, Faults } from "./faults.js";
export { createJudge, type Judge, type Violation } from "./judge.js";
export {
  type DoubleOptions,
  defaultSchema,
  everyPermission,
  type TokenInput,
  type ZoneInput,
} from "./options.js";
export { schemaPatches } from "./schema-patches.js";
export type {
  CertificatePack,
  CloudflareRecord,
  CloudflareToken,
  CloudflareZone,
  PlanName,
  RedirectRule,
  Ruleset,
} from "./state.js";
export type { RecordedCall } from "./world.js";
