import {
  type DnsRecordChange,
  type DnsRecordSet,
  normaliseName,
  type ObservedRecordSet,
  type Provider,
} from "@deploy/core";
import { type BrokenProvider, broken, withPart } from "./broken.js";

/** Faults in DNS plugins that the certification has to find, one for each of its themes. */
export const brokenDns: readonly BrokenProvider[] = [
  broken(
    "of an MX record the preference is lost",
    "dns: MX records differ by their preference as by their host, and one host may have two",
    (provider) => writing(provider, "MX", (value) => value.replace(/^\d+/, "10")),
  ),
  broken(
    "a flag of a CAA record is lost",
    "dns: CAA records have tags, flags and parameters, several at one name",
    (provider) => writing(provider, "CAA", (value) => value.replace(/^128/, "0")),
  ),
  broken(
    "a null MX is written as one that leads somewhere",
    "dns: a null MX says that a name takes no mail",
    (provider) => writing(provider, "MX", (value) => value.replace(/^0 \.$/, "0 localhost")),
  ),
  broken("a space at the end of a text is lost", "dns: texts with a space at the end", (provider) =>
    writing(provider, "TXT", (value) => value.trimEnd()),
  ),
  broken("texts are read as Latin-1", "dns: texts in other scripts than Latin", (provider) =>
    listing(provider, (set) =>
      set.type === "TXT"
        ? { ...set, values: set.values.map((value) => Buffer.from(value).toString("latin1")) }
        : set,
    ),
  ),
  broken(
    "the parts of a long text are joined with a space",
    "dns: texts of 1, 254, 255 and 256 characters",
    (provider) =>
      listing(provider, (set) =>
        set.type === "TXT"
          ? { ...set, values: set.values.map((value) => value.replace(/^(.{255})(.)/s, "$1 $2")) }
          : set,
      ),
  ),
  broken("texts are kept in small letters", "dns: texts that differ by case alone", (provider) =>
    writing(provider, "TXT", (value) => value.toLowerCase()),
  ),
  broken(
    "what a wildcard covers goes with it",
    "dns: a wildcard is made, changed and removed beside what stands at a name it covers",
    (provider, vendor) =>
      withPart(provider, "dns", (dns) => ({
        async apply(context, zone, changes) {
          const gone = changes.flatMap((one) => (one.action === "delete" ? [one.before.name] : []));
          const stars = gone.filter((name) => name.startsWith("*.")).map((name) => name.slice(1));
          await dns.apply(context, zone, changes);
          const kept = (vendor.state.zones.get(zone) ?? []).filter(
            ({ name }) => !stars.some((parent) => name.endsWith(parent)),
          );
          vendor.state.zones.set(zone, kept);
        },
      })),
  ),
  broken(
    "a record that has to make way stays as it was, too",
    "dns: an A record becomes a CNAME record, which could not stand beside it, and back",
    (provider) =>
      applying(provider, (changes) =>
        changes.filter((one) => one.action !== "delete" || one.before.type !== "A"),
      ),
  ),
  broken(
    "a time to live that changes together with a value is left",
    "dns: the time to live changes alone, and together with a value",
    (provider) =>
      applying(provider, (changes) =>
        changes.map((one) =>
          one.action === "update" &&
          one.before.ttl !== undefined &&
          one.before.values.join() !== one.record.values.join()
            ? { ...one, record: { ...one.record, ttl: one.before.ttl } }
            : one,
        ),
      ),
  ),
  broken(
    "a write touches the time to live of what others have at the name",
    "dns: records of others survive a record that is made, changed and removed at a name of theirs",
    (provider, vendor) =>
      withPart(provider, "dns", (dns) => ({
        async apply(context, zone, changes) {
          await dns.apply(context, zone, changes);
          const names = new Set(
            changes.flatMap((one) => ("record" in one ? [normaliseName(one.record.name)] : [])),
          );
          const held = vendor.state.zones.get(zone) ?? [];
          vendor.state.zones.set(
            zone,
            held.map((one) => (names.has(one.name) && one.comment === null ? { ...one, ttl: 300 } : one)),
          );
        },
      })),
  ),
  broken(
    "records of another environment are taken for ours",
    "dns: what others have at a name of ours blocks the plan, and stays, whoever they are",
    (provider) =>
      listing(provider, ({ marker, ...set }) =>
        marker === undefined ? set : { ...set, marker: marker.replace("/other:", "/test:") },
      ),
  ),
  broken(
    "no more than a thousand changes of a batch are made",
    "dns: 1,201 records are made in one batch, changed in one, and removed in one",
    (provider) => applying(provider, (changes) => changes.slice(0, 1000)),
  ),
  broken(
    "no more than a hundred records are listed",
    "dns: 101 records are made in one batch, changed in one, and removed in one",
    (provider) =>
      withPart(provider, "dns", (dns) => ({
        list: async (context, zone) => (await dns.list(context, zone)).slice(0, 100),
      })),
  ),
];

function listing(provider: Provider, change: (set: ObservedRecordSet) => ObservedRecordSet): Provider {
  return withPart(provider, "dns", (dns) => ({
    list: async (context, zone) => (await dns.list(context, zone)).map(change),
  }));
}

function applying(
  provider: Provider,
  change: (changes: readonly DnsRecordChange[]) => readonly DnsRecordChange[],
): Provider {
  return withPart(provider, "dns", (dns) => ({
    apply: (context, zone, changes) => dns.apply(context, zone, change(changes)),
  }));
}

/** The values of one type are written otherwise. */
function writing(
  provider: Provider,
  type: DnsRecordSet["type"],
  change: (value: string) => string,
): Provider {
  const changed = (record: DnsRecordSet): DnsRecordSet =>
    record.type === type ? { ...record, values: record.values.map(change) } : record;
  return applying(provider, (changes) =>
    changes.map((one) => (one.action === "delete" ? one : { ...one, record: changed(one.record) })),
  );
}
