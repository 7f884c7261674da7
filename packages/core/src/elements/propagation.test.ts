import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPropagation, type Propagation, type RecordPropagation } from "./propagation.js";
import { networkOf } from "./propagation-network.js";
import { type NameServers, nameServersMissing, startNameServers } from "./testing/name-servers.js";

if (nameServersMissing !== undefined) console.warn(`skipped: ${nameServersMissing}`);

const top = "127.72.0.2";
const [prompt, late, refusing, silent] = ["127.72.0.3", "127.72.0.4", "127.72.0.5", "127.72.0.6"] as const;
/** Passes questions on to the first server, a moment later. */
const slow = "127.72.0.7";
const names = { ns1: prompt, ns2: late, ns3: refusing, ns4: silent, ns5: top, ns6: slow };

/** A server that is far away: it forwards, and takes its time. */
async function delayed(port: number): Promise<Socket> {
  const door = createSocket("udp4");
  door.bind(port, slow);
  await once(door, "listening");
  door.on("message", (question, sender) => {
    const back = createSocket("udp4");
    back.on("message", (answer) => {
      back.close();
      setTimeout(() => door.send(answer, sender.port, sender.address), 100);
    });
    back.send(question, port, prompt);
  });
  return door;
}

describe.skipIf(nameServersMissing !== undefined)("propagation, asked of every server of a zone", () => {
  let servers: NameServers;
  let door: Socket;
  let look: () => Propagation;
  const zone = (...lines: string[]): string[] => [
    ...["ns1", "ns2"].map((name) => `@ NS ${name}.shop.example.`),
    `ns1 A ${prompt}`,
    `ns2 A ${late}`,
    "alias CNAME shop.example.",
    "edge A 198.51.100.7",
    'text TXT "ours" "-half"',
    'text TXT "theirs"',
    ...lines,
  ];
  beforeAll(async () => {
    const delegation = (child: string, ...list: (keyof typeof names)[]): string[] => [
      ...list.map((name) => `${child} NS ${name}.${child}.example.`),
      ...list.map((name) => `${name}.${child} A ${names[name]}`),
    ];
    servers = await startNameServers(
      {
        [top]: {
          example: [
            1,
            "@ NS ns.example.",
            `ns A ${top}`,
            ...delegation("shop", "ns1", "ns2"),
            ...delegation("ill", "ns1", "ns3", "ns4", "ns5"),
            ...delegation("far", "ns5", "ns6"),
          ],
        },
        [prompt]: {
          "shop.example": [4_294_967_295, ...zone("@ A 192.0.2.10")],
          "far.example": [1, "@ NS ns6.far.example.", "@ A 192.0.2.40"],
          "ill.example": [1, "@ NS ns1.ill.example.", "@ A 192.0.2.30"],
        },
        [late]: {
          "shop.example": [4_294_967_295, ...zone("@ A 192.0.2.10")],
        },
        [refusing]: {},
      },
      [silent],
    );
    door = await delayed(servers.port);
    const env = { DEPLOY_RESOLVERS: `${top}:${servers.port}`, DEPLOY_NAME_SERVER_PORT: String(servers.port) };
    const { signal } = new AbortController();
    look = () => createPropagation({ signal }, networkOf(env), { timeoutMs: 400, tries: 1 });
  });
  afterAll(async () => {
    door?.close();
    await servers?.stop();
  });
  const states = (record: RecordPropagation): Record<string, string> =>
    Object.fromEntries(record.servers.map((one) => [one.address, one.state]));
  const plain = { served: "plain" } as const;

  it("knows who is behind, over the end of serials, and that all agree once they do", async () => {
    const wanted = { name: "Shop.Example.", type: "A", values: ["192.0.2.99"], ...plain } as const;
    const before = await look().record(wanted);
    expect(before).toMatchObject({ state: "nowhere", agree: 0, of: 2 });
    expect(states(before)).toEqual({ [prompt]: "differs", [late]: "differs" });

    await servers.serve(prompt, "shop.example", 3, zone("@ A 192.0.2.99"));
    const during = await look().record(wanted);
    expect(during).toMatchObject({ state: "partly", agree: 1, of: 2, values: ["192.0.2.99"] });
    expect(during.servers[1]).toEqual({
      server: "ns2.shop.example",
      address: late,
      state: "behind",
      values: ["192.0.2.10"],
      ttl: 60,
      reason: "serial 4294967295, others have 3",
    });

    await servers.serve(late, "shop.example", 3, zone("@ A 192.0.2.99"));
    expect(await look().record(wanted)).toMatchObject({ state: "everywhere", agree: 2, of: 2 });
  });

  it("names servers that are lame or silent, each with its reason", async () => {
    const found = await look().zone("www.ill.example");
    expect("states" in found && found.states).toEqual([
      { server: "ns1.ill.example", address: prompt, state: "answers", serial: 1 },
      { server: "ns3.ill.example", address: refusing, state: "lame", reason: "it answers REFUSED" },
      { server: "ns4.ill.example", address: silent, state: "silent", reason: "no answer within 0.4 s" },
      {
        server: "ns5.ill.example",
        address: top,
        state: "lame",
        reason: "it knows nothing of the zone, and names others",
      },
    ]);
    const record = await look().record({ name: "ill.example", type: "A", values: ["192.0.2.30"], ...plain });
    expect(record).toMatchObject({ state: "partly", agree: 1, of: 4 });
  });

  it("does not listen to a lame server that refers back to the zone, although it is the first to answer", async () => {
    const found = await look().zone("far.example");
    expect("states" in found && found.states.map(({ state }) => state)).toEqual(["lame", "answers"]);
    expect(await look().finder.addressesOf("far.example")).toEqual(["192.0.2.40"]);
  });

  it("tells a missing name, another type and another value apart", async () => {
    const at = (name: string): Promise<RecordPropagation> =>
      look().record({ name: `${name}.shop.example`, type: "A", values: ["192.0.2.1"], ...plain });
    expect(states(await at("nobody"))).toEqual({ [prompt]: "missing", [late]: "missing" });
    expect((await at("alias")).servers[0]).toMatchObject({
      state: "differs",
      values: ["CNAME shop.example"],
    });
    expect(states(await at("edge"))).toEqual({ [prompt]: "differs", [late]: "differs" });
    const record = await look().record({
      name: "alias.shop.example",
      type: "CNAME",
      values: ["SHOP.example."],
      ...plain,
    });
    expect(record.state).toBe("everywhere");
  });

  it("finds texts of ours beside texts of others", async () => {
    const text = (value: string): Promise<RecordPropagation> =>
      look().record({ name: "text.shop.example", type: "TXT", values: [value], ...plain });
    expect((await text('"ours-half"')).state).toBe("everywhere");
    expect((await text('"ours"')).state).toBe("nowhere");
  });

  it("compares a flattened name by the addresses of its target, and an edge by having any", async () => {
    const flattened = (name: string, host: string): Promise<RecordPropagation> =>
      look().record({ name, type: "CNAME", values: [host], served: "flattened" });
    expect((await flattened("edge.shop.example", "edge.shop.example")).state).toBe("everywhere");
    expect((await flattened("edge.shop.example", "ill.example")).state).toBe("nowhere");
    expect(await flattened("edge.shop.example", "nobody.shop.example")).toMatchObject({
      state: "unknown",
      reason: "nobody.shop.example has no address at present",
    });
    const edge = (name: string): Promise<RecordPropagation> =>
      look().record({ name, type: "CNAME", values: ["target.example"], served: "edge" });
    expect((await edge("edge.shop.example")).state).toBe("everywhere");
    expect((await edge("alias.shop.example")).state).toBe("nowhere");
  });

  it("knows nothing of a record whose value is not known yet", async () => {
    expect(await look().record({ name: "shop.example", type: "A", ...plain })).toMatchObject({
      state: "unknown",
      zone: "shop.example",
    });
  });
});
