import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import type { AddressInfo } from "node:net";

/** A name server that stands in for Cloud Map: SRV records of instances, and the address that they all have. */
export interface NameServer {
  /** `127.0.0.1:5353`. */
  readonly address: string;
  /** The ports under which `name` is found now; an empty list: the name does not exist. */
  set(name: string, ports: readonly number[]): void;
  close(): Promise<void>;
}

const typeA = 1;
const typeSrv = 33;

/** Starts it on a free port of loopback; every SRV target has the address `ipv4`. */
export async function startNameServer(ipv4: string): Promise<NameServer> {
  const records = new Map<string, readonly number[]>();
  const socket: Socket = createSocket("udp4");
  socket.on("message", (query, peer) => {
    const answer = answerTo(query, records, ipv4);
    if (answer !== undefined) socket.send(answer, peer.port, peer.address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return {
    address: `127.0.0.1:${(socket.address() as AddressInfo).port}`,
    set: (name, ports) => void records.set(name, ports),
    close: async () => {
      socket.close();
      await once(socket, "close");
    },
  };
}

function answerTo(
  query: Buffer,
  records: ReadonlyMap<string, readonly number[]>,
  ipv4: string,
): Buffer | undefined {
  const labels: string[] = [];
  let at = 12;
  while (at < query.length && query[at] !== 0) {
    const length = query[at]!;
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += length + 1;
  }
  if (at + 5 > query.length) return undefined;
  const type = query.readUInt16BE(at + 1);
  const question = query.subarray(12, at + 5);
  const name = labels.join(".").toLowerCase();
  const isTarget = name.startsWith("instance-");
  const ports = records.get(name) ?? [];
  const answers =
    type === typeSrv
      ? ports.map((port) => record(typeSrv, serviceData(port, encoded(`instance-${port}.test`))))
      : type === typeA && isTarget
        ? [record(typeA, Buffer.from(ipv4.split(".").map(Number)))]
        : [];
  const header = Buffer.alloc(12);
  header.writeUInt16BE(query.readUInt16BE(0), 0);
  const exists = isTarget || ports.length > 0;
  header.writeUInt16BE(exists ? 0x8580 : 0x8583, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(answers.length, 6);
  return Buffer.concat([header, question, ...answers]);
}

function record(type: number, data: Buffer): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc00c, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(1, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

function serviceData(port: number, target: Buffer): Buffer {
  const head = Buffer.alloc(6);
  head.writeUInt16BE(1, 0);
  head.writeUInt16BE(1, 2);
  head.writeUInt16BE(port, 4);
  return Buffer.concat([head, target]);
}

function encoded(name: string): Buffer {
  const parts = name
    .split(".")
    .map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  return Buffer.concat([...parts, Buffer.from([0])]);
}
