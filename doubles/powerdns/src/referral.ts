import { randomInt } from "node:crypto";
import { createSocket } from "node:dgram";

const nameServer = 2;
const header = 12;

/**
 * The servers that a name is given to, from the authority section of the answer: `node:dns` shows answers only.
 *
 * @returns host names without the last dot; none where the name is not given away.
 */
export async function askReferral(
  server: { readonly address: string; readonly port: number },
  name: string,
): Promise<string[]> {
  const id = randomInt(0x1_0000);
  const labels = name.split(".").flatMap((label) => [label.length, ...Buffer.from(label)]);
  const head = Buffer.alloc(header);
  head.writeUInt16BE(id, 0);
  head.writeUInt16BE(1, 4);
  const question = Buffer.concat([head, Buffer.from([...labels, 0, 0, nameServer, 0, 1])]);
  const socket = createSocket("udp4");
  try {
    const answer = await new Promise<Buffer>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`No answer about ${name}.`)), 5000);
      socket.once("error", reject);
      socket.on("message", (message) => {
        if (message.readUInt16BE(0) !== id) return;
        clearTimeout(late);
        resolve(message);
      });
      socket.send(question, server.port, server.address);
    });
    return readReferral(answer, name);
  } finally {
    socket.close();
  }
}

function readReferral(message: Buffer, asked: string): string[] {
  let at = header;
  for (let left = message.readUInt16BE(4); left > 0; left -= 1) at = readName(message, at).end + 4;
  const records = message.readUInt16BE(6) + message.readUInt16BE(8);
  const servers: string[] = [];
  for (let left = records; left > 0; left -= 1) {
    const owner = readName(message, at);
    const type = message.readUInt16BE(owner.end);
    const data = owner.end + 10;
    if (type === nameServer && owner.name === asked.toLowerCase()) servers.push(readName(message, data).name);
    at = data + message.readUInt16BE(owner.end + 8);
  }
  return servers;
}

/** A name, compressed or not: RFC 1035, section 4.1.4. */
function readName(message: Buffer, start: number): { readonly name: string; readonly end: number } {
  const labels: string[] = [];
  let at = start;
  let end: number | undefined;
  for (;;) {
    const length = message.readUInt8(at);
    if (length === 0) break;
    if (length >= 0xc0) {
      end ??= at + 2;
      at = message.readUInt16BE(at) & 0x3fff;
      continue;
    }
    labels.push(message.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join(".").toLowerCase(), end: end ?? at + 1 };
}
