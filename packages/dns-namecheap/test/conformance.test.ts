import { type Cannot, conformance } from "@deploy/conformance/vitest";
import { afterAll, describe } from "vitest";
import { namecheap } from "../src/index.js";
import { type Account, fastClock, found, openAccount } from "./account.js";

const zone = "example.test";
const limits: Cannot = {
  why: "it holds at most 150 records in a zone, and each of ours counts twice",
  link: "https://www.namecheap.com/support/knowledgebase/article.aspx/10058/10/namecheap-dns-limits/",
};
const audit = "https://github.com/StackExchange/dnscontrol/blob/main/providers/namecheap/auditrecords.go";
const quotes: Cannot = { why: "texts with double quotes do not survive its API", link: audit };
const nullMx: Cannot = { why: "its API takes no null MX", link: audit };

/** What Namecheap cannot do, by its documents and by who writes to it daily; each is tried, and has to be refused. */
const cannot: Readonly<Record<string, Cannot>> = {
  "dns: a zone of many records is listed to its end, however small the vendor's pages are": limits,
  "dns: 99 records are made in one batch, changed in one, and removed in one": limits,
  "dns: 100 records are made in one batch, changed in one, and removed in one": limits,
  "dns: 101 records are made in one batch, changed in one, and removed in one": limits,
  "dns: 601 records are made in one batch, changed in one, and removed in one": limits,
  "dns: 1,201 records are made in one batch, changed in one, and removed in one": limits,
  "dns: names have labels that begin with an underscore or are digits only, and many of them": {
    ...limits,
    why: "the name of a record has at most 60 characters below its zone",
  },
  "dns: texts come back as they were: quotes, backslashes, semicolons, spaces, and longer than 255 characters":
    quotes,
  "dns: texts with double quotes in them": quotes,
  "dns: a text that begins and ends with a double quote": quotes,
  "dns: texts with backslashes": quotes,
  "dns: a null MX says that a name takes no mail": nullMx,
  "dns: a null MX stands at the root of the zone": nullMx,
};

const account: Account | undefined = found
  ? await openAccount({
      domains: [
        {
          name: zone,
          hosts: [
            { name: "theirs", type: "A", address: "192.0.2.200" },
            { name: "theirs", type: "TXT", address: "somebody else's" },
          ],
        },
      ],
    })
  : undefined;
afterAll(() => account?.close());

describe.skipIf(account === undefined)("Namecheap's double", () => {
  if (account === undefined) return;
  conformance({
    provider: () => namecheap(),
    context: { env: account.env, clock: fastClock(60) },
    secrets: ["a-key"],
    isRead: (_url, init) => !String(init.body).includes("setHosts"),
    // A zone is replaced by what is said: twice is as once.
    isIdempotent: () => true,
    cannot,
    fixtures: {
      zone: {
        name: zone,
        serves: async (name, type) => {
          if (["A", "AAAA", "CAA", "CNAME", "MX", "NS", "TXT"].includes(type))
            return account.double.dns.ask(name, type as "A");
          return [];
        },
        plant: async ({ name, type, values, ttl = 300 }) => {
          const host = name === zone ? "@" : name.slice(0, -zone.length - 1);
          for (const value of values) {
            // What is there cannot have quotes either: see below, and namecheap.test.ts.
            const plain = type === "TXT" ? value.replaceAll('"', "'") : value;
            const [pref, address] = type === "MX" ? plain.split(" ") : ["10", plain];
            const mxPref = Number(pref);
            await account.double.plant(zone, { name: host, type, address: address ?? "", mxPref, ttl });
          }
        },
      },
    },
  });
});
