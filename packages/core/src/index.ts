/**
 * Deploy: one typed declaration of an app, any provider behind each element, one plan across all of them.
 *
 * @module
 */
export { addressVariable } from "./app/addon-variables.js";
export * from "./app/capabilities.js";
export * from "./app/define-app.js";
export { type DockerIgnore, parseDockerIgnore } from "./app/docker-ignore.js";
export * from "./app/durations.js";
export { closest, suggest } from "./app/edit-distance.js";
export * from "./app/infer.js";
export { procfileCompanions } from "./app/infer-build.js";
export * from "./app/locate.js";
export { asName, reservedProcessNames } from "./app/names.js";
export { type Procfile, type ProcfileEntry, parseProcfile } from "./app/procfile.js";
export * from "./app/resolve.js";
export type * from "./app/resolved.js";
export * from "./app/schedule.js";
export type * from "./app/types.js";
export * from "./app/validate.js";
export * from "./app/walk-context.js";
export * from "./context.js";
export { createDeployer } from "./deployer/create-deployer.js";
export type * from "./deployer/domains-types.js";
export { importConfig } from "./deployer/import-config.js";
export type * from "./deployer/types.js";
export type * from "./elements/access.js";
export type * from "./elements/addons.js";
export * from "./elements/capability.js";
export type * from "./elements/containers.js";
export type * from "./elements/costs.js";
export {
  applyChanges,
  type DiffRules,
  diffRecords,
  isAsWanted,
  type Obstacle,
  type WantedRecord,
} from "./elements/dns-diff.js";
export {
  type DnsProvider,
  isOwnRecord,
  listRecords,
  ownedRecords,
  recordMarker,
} from "./elements/dns-ownership.js";
export { type DnsRecordOptions, dnsRecord, type PlacedRecord } from "./elements/dns-records.js";
export { foldRegistry, type RegistryStep, registryName, registrySteps } from "./elements/dns-registry.js";
export { decodeText, encodeText } from "./elements/dns-text.js";
export { normaliseName, normaliseValues, readableName } from "./elements/dns-values.js";
export { findZone } from "./elements/dns-zone-index.js";
export type * from "./elements/images.js";
export type * from "./elements/importers.js";
export type * from "./elements/lease.js";
export type * from "./elements/logs.js";
export type {
  RecordPropagation,
  ServerAnswer,
  ServerState,
} from "./elements/propagation.js";
export { networkVariables } from "./elements/propagation-network.js";
export type * from "./elements/provider.js";
export type * from "./elements/scope.js";
export type * from "./elements/secrets.js";
export type * from "./elements/servers.js";
export type * from "./elements/traffic.js";
export * from "./engine/apply-plan.js";
export type * from "./engine/events.js";
export * from "./engine/make-plan.js";
export * from "./engine/make-removal.js";
export * from "./engine/operation.js";
export * from "./engine/out.js";
export * from "./engine/parse-plan.js";
export type * from "./engine/plan.js";
export type * from "./engine/prepared.js";
export * from "./engine/rate-limit.js";
export * from "./engine/request.js";
export * from "./engine/resource.js";
export * from "./engine/retry.js";
export * from "./engine/stale-plan.js";
export * from "./errors.js";
export * from "./redacted.js";
