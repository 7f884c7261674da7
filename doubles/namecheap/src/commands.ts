import { isIPv4, isIPv6 } from "node:net";
import { type PowerDns, PowerDnsRefused } from "@deploy/powerdns-double";
import { serve } from "./served.js";
import { type Domain, type Host, hostOf, parkingHosts } from "./state.js";
import { attributes, envelope, Refused } from "./xml.js";

/** What the commands work on. */
export interface World {
  readonly domains: Map<string, Domain>;
  readonly dns: PowerDns;
  readonly apiUser: string;
}

type Params = ReadonlyMap<string, string>;
type Command = (world: World, params: Params) => Promise<string> | string;

const getList: Command = ({ domains, apiUser }, params) => {
  const size = Number(params.get("PageSize") ?? 20);
  const page = Number(params.get("Page") ?? 1);
  if (size < 10 || size > 100) throw new Refused(2011170, "PageSize is invalid");
  const all = [...domains.values()];
  const rows = all.slice((page - 1) * size, page * size).map(
    ({ name, ourDns }, index) =>
      `      <Domain${attributes({
        ID: 677_000 + index,
        Name: name,
        User: apiUser,
        Created: "06/02/2021",
        Expires: "06/02/2030",
        IsExpired: false,
        IsLocked: false,
        AutoRenew: true,
        WhoisGuard: "ENABLED",
        IsPremium: false,
        IsOurDNS: ourDns,
      })} />`,
  );
  return envelope(
    "namecheap.domains.getList",
    `    <DomainGetListResult>\n${rows.join("\n")}\n    </DomainGetListResult>
    <Paging><TotalItems>${all.length}</TotalItems><CurrentPage>${page}</CurrentPage><PageSize>${size}</PageSize></Paging>`,
  );
};

const nameServers = ["dns1.registrar-servers.com", "dns2.registrar-servers.com"];

const getInfo: Command = ({ domains, apiUser }, params) => {
  const domain = domains.get(params.get("DomainName") ?? "");
  if (domain === undefined) throw new Refused(2019166, "Domain not found");
  const details = attributes({
    ProviderType: "FREE",
    IsUsingOurDNS: domain.ourDns,
    HostCount: domain.hosts.length,
    EmailType: domain.emailType,
    DynamicDNSStatus: false,
    IsFailover: false,
  });
  const servers = nameServers.map((name) => `<Nameserver>${name}</Nameserver>`).join("");
  return envelope(
    "namecheap.domains.getInfo",
    `    <DomainGetInfoResult${attributes({ ID: 1, DomainName: domain.name, OwnerName: apiUser, IsOwner: true, IsPremium: false })}>
      <DnsDetails${details}>${servers}</DnsDetails>
    </DomainGetInfoResult>`,
  );
};

function domainOf({ domains }: World, params: Params): Domain {
  const domain = domains.get(`${params.get("SLD")}.${params.get("TLD")}`);
  if (domain === undefined) throw new Refused(2019166, "Domain not found");
  return domain;
}

const getHosts: Command = (world, params) => {
  const domain = domainOf(world, params);
  if (!domain.ourDns) {
    throw new Refused(2030288, "Cannot complete this command as this domain is not using proper DNS servers");
  }
  return hostsAnswer(domain, domain.hosts);
};

/** What `getHosts` answers for these host records. */
export function hostsAnswer({ name, emailType }: Domain, hosts: readonly Host[]): string {
  const rows = hosts.map(
    ({ id, name: host, type, address, mxPref, ttl }) =>
      `      <host${attributes({
        HostId: id,
        Name: host,
        Type: type,
        Address: address,
        MXPref: mxPref,
        TTL: ttl,
        AssociatedAppTitle: "",
        FriendlyName: "",
        IsActive: true,
        IsDDNSEnabled: false,
      })} />`,
  );
  const head = attributes({ Domain: name, EmailType: emailType, IsUsingOurDNS: true });
  const inner =
    rows.length === 0
      ? `    <DomainDNSGetHostsResult${head} />`
      : `    <DomainDNSGetHostsResult${head}>\n${rows.join("\n")}\n    </DomainDNSGetHostsResult>`;
  return envelope("namecheap.domains.dns.getHosts", inner);
}

const dnsList: Command = (world, params) => {
  const { name, ourDns } = domainOf(world, params);
  const servers = ourDns ? nameServers : ["ns1.elsewhere.example", "ns2.elsewhere.example"];
  return envelope(
    "namecheap.domains.dns.getList",
    `    <DomainDNSGetListResult${attributes({ Domain: name, IsUsingOurDNS: ourDns })}>
${servers.map((server) => `      <Nameserver>${server}</Nameserver>`).join("\n")}
    </DomainDNSGetListResult>`,
  );
};

const recordTypes = [
  "A",
  "AAAA",
  "ALIAS",
  "CAA",
  "CNAME",
  "MX",
  "MXE",
  "NS",
  "TXT",
  "URL",
  "URL301",
  "FRAME",
];
const emailTypes = ["NONE", "MXE", "MX", "FWD", "OX", "GMAIL"];
/** "In total, it is possible to create up to 150 records for a domain": Namecheap DNS limits. */
const mostHosts = 150;

const setHosts: Command = async (world, params) => {
  const domain = domainOf(world, params);
  if (!domain.ourDns) {
    throw new Refused(2030288, "Cannot complete this command as this domain is not using proper DNS servers");
  }
  const emailType = params.get("EmailType") ?? "NONE";
  if (!emailTypes.includes(emailType)) throw new Refused(2011280, "EmailType is invalid");
  const given: Host[] = [];
  for (let index = 1; params.has(`HostName${index}`) || params.has(`RecordType${index}`); index += 1) {
    given.push(readHost(params, index));
  }
  if (given.length > mostHosts) throw new Refused(2050900, "Maximum number of host records is 150");
  // A record for mail stands only where the zone's mail is of that kind.
  const kept = given.filter(({ type }) => (type !== "MX" && type !== "MXE") || type === emailType);
  const hosts = kept.length > 0 ? kept : parkingHosts(domain.name).map(hostOf);
  try {
    await serve(world.dns, domain.name, domain.hosts, hosts);
  } catch (error) {
    if (error instanceof PowerDnsRefused) throw new Refused(2050900, `Invalid Address: ${error.message}`);
    throw error;
  }
  domain.hosts = hosts;
  domain.emailType = emailType;
  return envelope(
    "namecheap.domains.dns.setHosts",
    `    <DomainDNSSetHostsResult${attributes({ Domain: domain.name, EmailType: emailType, IsSuccess: true })}>
      <Warnings />
    </DomainDNSSetHostsResult>`,
  );
};

function readHost(params: Params, index: number): Host {
  const field = (name: string): string => params.get(`${name}${index}`) ?? "";
  const [name, type, address] = [field("HostName"), field("RecordType"), field("Address")];
  const invalid = (what: string): never => {
    throw new Refused(2050900, `${what} is invalid for record ${index}`);
  };
  if (!recordTypes.includes(type)) invalid("RecordType");
  if (name === "" || name.length > 60) invalid("HostName");
  if (address === "" || address.length > (type === "TXT" ? 2_500 : 255)) invalid("Address");
  if (type === "A" && !isIPv4(address)) invalid("Address");
  if (type === "AAAA" && !isIPv6(address)) invalid("Address");
  if (type === "TXT" && address.includes('"')) invalid("Address");
  if (type === "CAA" && !/^\d+ (?:issue|issuewild|iodef) ".*"$/.test(address)) invalid("Address");
  if (/^(?:URL|URL301|FRAME)$/.test(type) && !/^[a-z]+:\/\//.test(address)) invalid("Address");
  const ttl = params.has(`TTL${index}`) ? Number(field("TTL")) : 1799;
  if (!Number.isInteger(ttl) || ttl < 60 || ttl > 60_000) invalid("TTL");
  const mxPref = params.has(`MXPref${index}`) ? Number(field("MXPref")) : 10;
  return hostOf({ name, type, address, mxPref, ttl });
}

/** The commands by name, in lower case: Namecheap takes any. */
export const commands: Readonly<Record<string, Command>> = {
  "namecheap.domains.getlist": getList,
  "namecheap.domains.getinfo": getInfo,
  "namecheap.domains.dns.getlist": dnsList,
  "namecheap.domains.dns.gethosts": getHosts,
  "namecheap.domains.dns.sethosts": setHosts,
};
