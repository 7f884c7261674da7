import { type Cannot, conformance } from "@deploy/conformance/vitest";
import { beforeAll, describe } from "vitest";
import { namecheap } from "../src/index.js";
import { type Account, found, openAccount, quickClock } from "./account.js";

const zone = "example.test";
const limits = "https://www.namecheap.com/support/knowledgebase/article.aspx/10058/10/namecheap-dns-limits/";

/** What Namecheap cannot do, by its own documents; each is tried all the same, and has to be refused. */
const cannot: Readonly<Record<string, Cannot>> = {};

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

describe.skipIf(account === undefined)("Namecheap's double", () => {
  if (account === undefined) return;
  conformance({
    provider: () => namecheap(),
    context: { env: account.env, clock: quickClock() },
    secrets: ["a-key"],
    isRead: (_url, init) => !String(init.body).includes("setHosts"),
    // A zone is replaced by what is said: twice is as once.
    isIdempotent: () => true,
    cannot,
    fixtures: {
      zone: {
        name: zone,
        plant: async ({ name, type, values, ttl = 300 }) => {
          const host = name === zone ? "@" : name.slice(0, -zone.length - 1);
          for (const value of values) {
            const [pref, address] = type === "MX" ? value.split(" ") : ["10", value];
            const mxPref = Number(pref);
            await account.double.plant(zone, { name: host, type, address: address ?? "", mxPref, ttl });
          }
        },
      },
    },
  });
});
