/**
 * A stateful double of Namecheap's DNS API; its zones live in a real PowerDNS.
 *
 * @module
 */
export { findPowerDns, powerDnsMissing } from "@deploy/powerdns-double";
export { createNamecheapDouble, type DoubleOptions, type Fault, type NamecheapDouble } from "./double.js";
export type { Domain, DomainInput, Host, HostInput } from "./state.js";
