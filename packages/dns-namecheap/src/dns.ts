import {
  type Context,
  DeployError,
  type Dns,
  type DnsCapabilities,
  foldRegistry,
  normaliseName,
  registrySteps,
} from "@deploy/core";
import { type Api, type Element, elementOf, elementsOf } from "./api.js";
import { keepCopy, listCopies, readCopy } from "./copies.js";
import { type HeldSet, type Host, merge, missing, prepare, toSets, types, type Zone } from "./hosts.js";

/** Kinds of mail whose records Namecheap keeps by itself: what comes back of them cannot be written as it was. */
const closedMail = ["OX", "GMAIL"];

/** What Namecheap's API can do. */
const capabilities: DnsCapabilities = {
  apex: "alias",
  types,
  wildcards: true,
  redirects: {
    no: "redirects of Namecheap are records of its own kind: those that are there are kept, and none are made",
    link: "https://www.namecheap.com/support/api/methods/domains-dns/set-hosts/",
  },
  ttl: { least: 60, most: 60_000 },
};

/** The DNS of a Namecheap account, in the one sequence that is safe: read, merge, copy, write once, read back. */
export function createDns(api: Api): Dns {
  /** A domain is one label and a public suffix: where it was registered says where to divide it. */
  const divided = (zone: string): { SLD: string; TLD: string } => {
    const [SLD = "", ...rest] = normaliseName(zone).split(".");
    return { SLD, TLD: rest.join(".") };
  };

  const readHosts = async (context: Context, zone: string): Promise<Zone> => {
    const answer = await api.call(context, "domains.dns.getHosts", divided(zone));
    const result = elementOf(answer.DomainDNSGetHostsResult);
    if (result === undefined || String(result.IsUsingOurDNS).toLowerCase() !== "true") throw notServed(zone);
    // As Namecheap's own SDK takes it: without a kind of mail there is none.
    const emailType = String(result.EmailType || "NONE");
    return { emailType, hosts: elementsOf(result, "host").map(hostOf) };
  };

  /**
   * The zone, unless the read looks like a bad one: empty, or with less than half of what it had before our last write.
   * Then `getInfo`, which counts the records by itself, has to agree.
   */
  const readZone = async (context: Context, zone: string): Promise<Zone> => {
    const now = await readHosts(context, zone);
    const [last] = await listCopies(context, zone);
    const isParked = now.hosts.length > 0 && now.hosts.every(isParking);
    const isLess = last !== undefined && now.hosts.length * 2 < last.records;
    if (now.hosts.length > 0 && !isLess && !(isParked && last !== undefined && last.records > 2)) return now;
    const info = await api.call(context, "domains.getInfo", { DomainName: normaliseName(zone) });
    const details = elementOf(elementOf(info.DomainGetInfoResult)?.DnsDetails);
    if (Number(details?.HostCount) === now.hosts.length) return now;
    throw suspicious(zone, now.hosts.length, details?.HostCount, last?.records);
  };

  const write = async (context: Context, zone: string, before: Zone, wanted: Zone): Promise<void> => {
    if (closedMail.includes(before.emailType)) throw mailElsewhere(zone, before.emailType);
    const copy = await keepCopy(context, zone, before);
    const params: Record<string, string> = { ...divided(zone), EmailType: wanted.emailType };
    wanted.hosts.forEach(({ name, type, address, mxPref, ttl }, index) => {
      const number = index + 1;
      params[`HostName${number}`] = name;
      params[`RecordType${number}`] = type;
      params[`Address${number}`] = address;
      params[`MXPref${number}`] = mxPref;
      params[`TTL${number}`] = ttl;
    });
    const answer = await api.call(context, "domains.dns.setHosts", params);
    const result = elementOf(answer.DomainDNSSetHostsResult);
    if (String(result?.IsSuccess).toLowerCase() !== "true") throw notWritten(zone);
    const after = await readHosts(context, zone);
    const lost = missing(wanted.hosts, after.hosts);
    // A zone without records is shown with those of a parked domain.
    const more = missing(after.hosts, wanted.hosts).filter(
      (host) => wanted.hosts.length > 0 || !isParking(host),
    );
    if (lost.length > 0 || more.length > 0 || after.emailType !== wanted.emailType) {
      throw concurrent(zone, copy, lost, more, after.emailType, wanted.emailType);
    }
  };

  const listSets = (zone: string, hosts: readonly Host[]) =>
    foldRegistry<HeldSet>(zone, toSets(zone, hosts))
      .filter(({ type }) => types.includes(type))
      .map(({ held: _held, ...record }) => record);

  return {
    capabilities,
    prepare,
    async zones(context) {
      const zones: string[] = [];
      for (let page = 1; ; page += 1) {
        const answer = await api.call(context, "domains.getList", { Page: String(page), PageSize: "100" });
        const rows = elementsOf(elementOf(answer.DomainGetListResult), "Domain");
        for (const { Name, IsOurDNS, IsExpired } of rows) {
          const isServed =
            String(IsOurDNS).toLowerCase() === "true" && String(IsExpired).toLowerCase() !== "true";
          if (isServed) zones.push(normaliseName(String(Name)));
        }
        const total = Number(textOf(elementOf(answer.Paging), "TotalItems"));
        if (rows.length === 0 || !(page * 100 < total)) return zones;
      }
    },
    list: async (context, zone) => listSets(normaliseName(zone), (await readZone(context, zone)).hosts),
    async nameServers(context, zone) {
      const answer = await api.call(context, "domains.dns.getList", divided(zone));
      const rows = elementsOf(elementOf(answer.DomainDNSGetListResult), "Nameserver");
      return rows.map((row) => normaliseName(String(row["#text"])));
    },
    async inspect(context, zone) {
      const { emailType } = await readHosts(context, zone);
      if (!closedMail.includes(emailType)) return [];
      const { message, hint } = mailElsewhere(zone, emailType);
      return [{ name: zone, severity: "problem", message, ...(hint === undefined ? {} : { hint }) }];
    },
    async apply(context, zone, changes) {
      const name = normaliseName(zone);
      const now = await readZone(context, name);
      const steps = registrySteps(name, toSets(name, now.hosts), changes);
      if (steps.length > 0) await write(context, name, now, merge(name, now, steps));
    },
    copies: (context, zone) => listCopies(context, normaliseName(zone)),
    readCopy: async (context, zone, id) => {
      const name = normaliseName(zone);
      return listSets(name, (await readCopy(context, name, id)).hosts);
    },
    async restore(context, zone, id) {
      const name = normaliseName(zone);
      const copy = await readCopy(context, name, id);
      await write(context, name, await readHosts(context, name), copy);
    },
  };
}

function hostOf({ Name, Type, Address, MXPref, TTL }: Element): Host {
  return {
    name: String(Name).toLowerCase(),
    type: String(Type).toUpperCase(),
    address: String(Address),
    mxPref: String(MXPref ?? "10"),
    ttl: String(TTL ?? "1799"),
  };
}

/** The records that Namecheap shows for a domain that has none: a page for `www`, a redirect of the root to it. */
function isParking({ name, type, address }: Host): boolean {
  return (
    (name === "www" && type === "CNAME" && /^parkingpage\.namecheap\.com\.?$/i.test(address)) ||
    (name === "@" && type === "URL" && /^http:\/\/www\./i.test(address))
  );
}

function textOf(parent: Element | undefined, name: string): string {
  const value = parent?.[name];
  return typeof value === "string" ? value : String(elementOf(value)?.["#text"] ?? "");
}

const shown = ({ name, type, address }: Host): string => `${name} ${type} ${address}`;

function notServed(zone: string): DeployError {
  return new DeployError({
    code: "dns.not-served",
    message: `${zone} is not served by Namecheap's name servers.`,
    hint: "Point the domain to Namecheap BasicDNS, or declare the DNS provider that holds the zone.",
  });
}

function suspicious(zone: string, read: number, counted: unknown, last: number | undefined): DeployError {
  const before = last === undefined ? "" : `, before our last write there were ${last}`;
  return new DeployError({
    code: "dns.suspicious-read",
    message: `Namecheap has answered with ${read} records of ${zone}, and counts ${String(counted ?? "none")} itself${before}: a write now could delete what was not read.`,
    hint: "Nothing was written. Run the same again; if it stays so, look at the zone at Namecheap.",
    details: { read, counted: counted ?? null, last: last ?? null },
  });
}

function mailElsewhere(zone: string, emailType: string): DeployError {
  return new DeployError({
    code: "dns.closed-zone",
    message: `The mail of ${zone} is run by Namecheap (${emailType}): a zone of this kind cannot be written back as it is read, and its mail would stop.`,
    hint: "Make the records by hand at Namecheap, or move the zone to another DNS provider.",
    docs: "https://github.com/namecheap/go-namecheap-sdk/issues/162",
  });
}

function notWritten(zone: string): DeployError {
  return new DeployError({
    code: "dns.refused",
    message: `Namecheap did not write ${zone}, and gives no reason.`,
    hint: "Run the same again; if it stays so, look at the zone at Namecheap.",
  });
}

function concurrent(
  zone: string,
  copy: string,
  lost: readonly Host[],
  more: readonly Host[],
  emailType: string,
  wantedType: string,
): DeployError {
  const parts = [
    lost.length === 0 ? "" : `missing now: ${lost.map(shown).join("; ")}`,
    more.length === 0 ? "" : `not expected: ${more.map(shown).join("; ")}`,
    emailType === wantedType ? "" : `mail is ${emailType}, not ${wantedType}`,
  ].filter((part) => part !== "");
  return new DeployError({
    code: "dns.concurrent-change",
    message: `Somebody else has written ${zone} at the same time: ${parts.join(". ")}.`,
    hint: `See that nobody else edits the zone, and run again. The zone as it was before: \`deploy domains restore ${zone} --copy=${copy}\`.`,
    details: { zone, copy, lost: lost.map(shown), more: more.map(shown) },
  });
}
