/**
 * Zones in a real PowerDNS server, for the doubles of DNS vendors.
 *
 * @module
 */
export { findPowerDns, powerDnsMissing } from "./find.js";
export {
  createPowerDns,
  type PowerDns,
  type PowerDnsOptions,
  PowerDnsRefused,
  type RecordSetChange,
  type ServedRecordSet,
} from "./power-dns.js";
