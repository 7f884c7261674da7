import type { DnsRecordSet, DnsRecordType } from "@deploy/core";
import type { FaultProxyOptions } from "../chaos/fault-proxy.js";

/** One record as the vendor holds it, with whatever the vendor says of it in `text`. */
export interface HeldRecordLine {
  readonly name: string;
  readonly type: string;
  /** Equal as long as nobody has changed it: its id, its time of change, its comment and so on. */
  readonly text: string;
}

/** A vendor's zone among whose foreign records Deploy is let loose. */
export interface ForeignZone {
  readonly zone: string;
  /** The vendor's API; a proxy that breaks calls is put in front of it. */
  readonly endpoint: URL;
  /** Types of record that others have there. */
  readonly types: readonly DnsRecordType[];
  /** Whether the root of the zone can be led to a host name. */
  readonly apexHost: boolean;
  /** The program that calls `serveForeignClient`, and its arguments. */
  readonly client: readonly [string, ...string[]];
  /** The client's environment, whose calls have to go to `address`. */
  readonly env: (address: URL) => Readonly<Record<string, string | undefined>>;
  /** As of the fault proxy: which calls change something, where the method does not tell. */
  readonly isMutation?: FaultProxyOptions["isMutation"];
  /** Empties the zone. */
  readonly reset: () => Promise<void>;
  /** Makes a record set past the proxy, as another tool does, or as another app of Deploy where it has a marker. */
  readonly plant: (record: DnsRecordSet, marker?: string) => Promise<void>;
  /** Removes a record set past the proxy, as another tool does. */
  readonly uproot: (record: DnsRecordSet) => Promise<void>;
  /** Everything the zone holds, past the proxy. */
  readonly holds: () => Promise<readonly HeldRecordLine[]>;
  /**
   * What the vendor allows to be promised: that nothing of others is changed; or, where it replaces zones as a whole
   * and has no transaction, that what gets lost is said and can be put back.
   */
  readonly promise: "untouched" | "restorable";
  /**
   * Another tool writes back the zone as it was a while ago, without a record set that it has not seen: only where zones
   * are replaced as a whole. What it loses has to be said, and to be in a copy.
   */
  readonly overwrite?: (record: DnsRecordSet) => Promise<void>;
}
