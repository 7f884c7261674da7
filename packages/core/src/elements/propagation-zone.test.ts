import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask } from "./propagation-ask.js";
import { type NameNetwork, networkOf } from "./propagation-network.js";
import { createZoneFinder } from "./propagation-zone.js";
import { type NameServers, nameServersMissing, startNameServers } from "./testing/name-servers.js";

if (nameServersMissing !== undefined) console.warn(`skipped: ${nameServersMissing}`);

const { signal } = new AbortController();
const patience = { timeoutMs: 400, tries: 1 };
/** The resolver of this little world is the server of its top: it refuses to resolve anything else. */
const top = "127.71.0.2";
const [first, second, refusing, silent] = ["127.71.0.3", "127.71.0.4", "127.71.0.5", "127.71.0.6"] as const;

describe.skipIf(nameServersMissing !== undefined)("zones as their servers tell of them", () => {
  let servers: NameServers;
  let network: NameNetwork;
  beforeAll(async () => {
    const shop = [
      "@ NS ns1.shop.example.",
      "@ NS ns2.shop.example.",
      `ns1 A ${first}`,
      `ns2 A ${second}`,
      `ns9 A ${refusing}`,
      "@ A 192.0.2.10",
      "www CNAME shop.example.",
      "far CNAME loop.example.",
      "eu NS ns1.shop.example.",
    ];
    servers = await startNameServers(
      {
        [top]: {
          example: [
            1,
            "@ NS ns.example.",
            `ns A ${top}`,
            "shop NS ns1.shop.example.",
            "shop NS ns2.shop.example.",
            "shop NS ns9.shop.example.",
            `ns1.shop A ${first}`,
            `ns2.shop A ${second}`,
            `ns9.shop A ${refusing}`,
            "dead NS ns.dead.example.",
            `ns.dead A ${silent}`,
            "loop CNAME loop2.example.",
            "loop2 CNAME loop.example.",
          ],
        },
        [first]: {
          "shop.example": [7, ...shop],
          "eu.shop.example": [1, "@ NS ns1.shop.example.", "@ A 192.0.2.20"],
        },
        [second]: { "shop.example": [7, ...shop] },
        [refusing]: {},
      },
      [silent],
    );
    network = networkOf({
      DEPLOY_RESOLVERS: `${top}:${servers.port}`,
      DEPLOY_NAME_SERVER_PORT: String(servers.port),
    });
  });
  afterAll(() => servers?.stop());
  const finder = (): ReturnType<typeof createZoneFinder> => createZoneFinder({ signal }, network, patience);

  it("walks down to the zone, and knows what the parent says beside what the zone says", async () => {
    for (const host of ["shop.example", "www.shop.example", "a.b.shop.example", "*.shop.example"]) {
      expect(await finder().zoneOf(host)).toEqual({
        zone: "shop.example",
        servers: [
          { name: "ns1.shop.example", addresses: [first] },
          { name: "ns2.shop.example", addresses: [second] },
          { name: "ns9.shop.example", addresses: [refusing] },
        ],
        delegation: ["ns1.shop.example", "ns2.shop.example", "ns9.shop.example"],
        own: ["ns1.shop.example", "ns2.shop.example"],
      });
    }
  });

  it("sees a zone below, whether one server holds both or another one is referred to", async () => {
    expect(await finder().zoneOf("www.eu.shop.example")).toMatchObject({ zone: "eu.shop.example" });
  });

  it("names the servers of a zone that nobody answers for", async () => {
    expect(await finder().zoneOf("dead.example")).toEqual({
      zone: "dead.example",
      servers: [{ name: "ns.dead.example", addresses: [silent] }],
      delegation: ["ns.dead.example"],
    });
  });

  it("says so when the resolvers do not know the top, or do not answer", async () => {
    expect(await finder().zoneOf("www.shop.nowhere")).toEqual({
      problem: "the resolvers know no name servers for nowhere",
    });
    const nobody = { ...network, resolvers: [{ address: silent, port: servers.port }] };
    expect(await createZoneFinder({ signal }, nobody, patience).zoneOf("shop.example")).toEqual({
      problem: `no resolver of this machine answers (${silent})`,
    });
  });

  it("follows CNAMEs to addresses, and ends where they go in a circle", async () => {
    expect(await finder().addressesOf("www.shop.example")).toEqual(["192.0.2.10"]);
    expect(await finder().addressesOf("far.shop.example")).toEqual([]);
    expect(await finder().addressesOf("nobody.shop.example")).toEqual([]);
  });

  it("tells silence, a closed port and a refusal apart", async () => {
    const question = { name: "shop.example", type: "SOA" } as const;
    const at = (address: string, port = servers.port): ReturnType<typeof ask> =>
      ask({ signal }, { address, port }, question, patience);
    expect(await at(silent)).toEqual({ failure: "silent", reason: "no answer within 0.4 s" });
    expect(await at(first, 9)).toEqual({ failure: "broken", reason: "nothing listens there" });
    expect(await at(refusing)).toMatchObject({ message: { code: "REFUSED", authoritative: false } });
    expect(await at(first)).toMatchObject({ message: { authoritative: true, answers: [{ value: "7" }] } });
    const aborted = ask(
      { signal: AbortSignal.abort(new Error("stopped")) },
      { address: first, port: 9 },
      question,
    );
    await expect(aborted).rejects.toThrow("stopped");
  });

  it("asks again over TCP where an answer does not fit", async () => {
    const long = Array.from({ length: 40 }, (_, index) => `many TXT "${String(index).padStart(100, "x")}"`);
    await servers.serve(second, "shop.example", 8, ["@ NS ns2.shop.example.", ...long]);
    const question = { name: "many.shop.example", type: "TXT" } as const;
    const reply = await ask({ signal }, { address: second, port: servers.port }, question, patience);
    expect("message" in reply && reply.message.answers).toHaveLength(40);
  });
});
