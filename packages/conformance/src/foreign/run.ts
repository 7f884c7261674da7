import type { DnsRecordSet } from "@deploy/core";
import type { FaultProxy } from "../chaos/fault-proxy.js";
import type { Clients } from "./clients.js";
import type { Dice, ForeignRecord } from "./random.js";
import type { ForeignZone, HeldRecordLine } from "./zone.js";

/** What one run works with. */
export interface Run {
  readonly zone: ForeignZone;
  readonly proxy: FaultProxy;
  readonly clients: Clients;
  readonly tally: {
    -readonly [Key in "orders" | "kills" | "edits" | "losses" | "obstacles" | "restored" | "unseen"]: number;
  };
  readonly one: Dice;
}

/** What others have, as the vendor holds it: what must be there, and what was done to it last. */
export interface Others {
  expected: HeldRecordLine[];
  /** Record sets that the other writer may still change or remove. */
  free: DnsRecordSet[];
  /** Written between our last read and our write, where the vendor has no transaction. */
  inTheWindow: Set<string>;
}

/** Somebody else makes a record set; it is theirs from now on. */
export async function plant(
  zone: ForeignZone,
  others: Others,
  { record, marker }: ForeignRecord,
): Promise<void> {
  const before = new Set((await zone.holds()).map(({ text }) => text));
  await zone.plant(record, marker);
  // Our own client is held at its call meanwhile: all that is new is of whoever has planted it.
  const made = (await zone.holds()).filter(({ text }) => !before.has(text));
  others.expected.push(...made);
  if (marker === undefined) others.free.push(record);
}

/** Somebody else takes a record set of theirs away. */
export async function uproot(zone: ForeignZone, others: Others, record: DnsRecordSet): Promise<void> {
  await zone.uproot(record);
  others.expected = others.expected.filter(({ name, type }) => name !== record.name || type !== record.type);
  others.free = others.free.filter((one) => one.name !== record.name || one.type !== record.type);
}
