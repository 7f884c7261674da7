import type { DnsRecordSet } from "@deploy/core";

/** What a client is told to do, as one line of JSON. */
export type Order =
  /** An app with these domains is put into service, with pruning, through the whole of core. */
  | { readonly verb: "up"; readonly domains: Domains }
  | { readonly verb: "down" }
  /** These record sets, and no other ones of its own, by core's nodes alone. */
  | { readonly verb: "apply"; readonly records: readonly DnsRecordSet[] }
  /** What the same would still change. */
  | { readonly verb: "plan"; readonly of: Extract<Order, { readonly verb: "up" | "apply" }> }
  /** Puts a copy of the zone back; see `Dns.restore`. */
  | { readonly verb: "restore"; readonly zone: string; readonly copy: string };

/** As in an app's file: each host leads to its process. */
export type Domains = Readonly<Record<string, "web">>;

/** What came of an order, as one line of JSON. */
export interface Outcome {
  readonly ok: boolean;
  /** Of a plan: what is left to do. */
  readonly changes?: readonly string[];
  /** Of a failure. */
  readonly code?: string;
  /** What the error says, with its hint and problems; for success what was noted on the way. */
  readonly said: string;
}
