import { isIPv4, isIPv6 } from "node:net";
import { invalid } from "./http.js";

/** What a record says, as it is kept. */
export interface Content {
  readonly content: string;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly priority?: number;
}

type Fields = Readonly<Record<string, unknown>>;

/** Checks what a record says and brings it into the form Cloudflare answers with. */
export function readContent(type: string, name: string, fields: Fields): Content {
  const { content } = fields;
  const said = typeof content === "string" ? content.trim() : "";
  switch (type) {
    case "A":
      if (!isIPv4(said)) invalid(9005, "Content for A record must be a valid IPv4 address.");
      return { content: said };
    case "AAAA":
      if (!isIPv6(said)) invalid(9006, "Content for AAAA record must be a valid IPv6 address.");
      return { content: new URL(`http://[${said}]/`).hostname.slice(1, -1) };
    case "CNAME":
    case "NS":
    case "PTR": {
      const host = hostOf(said, type);
      if (type === "CNAME" && host.toLowerCase() === name) {
        invalid(9039, "CNAME content cannot reference itself.");
      }
      return { content: host };
    }
    case "MX": {
      const priority = numberOf(fields.priority, "priority");
      return { content: said === "." ? "." : hostOf(said, type), priority };
    }
    case "TXT":
      return { content: textOf(typeof content === "string" ? content : "") };
    case "CAA":
    case "SRV":
      return structured(type, partsOf(fields.data));
    default:
      if (said === "") invalid(9009, `Content for ${type} record is invalid.`);
      return { content: said };
  }
}

function partsOf(data: unknown): Fields {
  if (typeof data !== "object" || data === null) invalid(9101, "data is a required field.");
  return data as Fields;
}

function structured(type: "CAA" | "SRV", data: Fields): Content {
  if (type === "CAA") {
    const flags = numberOf(data.flags, "flags");
    const { tag, value } = data;
    if (typeof tag !== "string" || !/^[a-z0-9]+$/i.test(tag)) invalid(9101, "tag is a required data field.");
    if (typeof value !== "string") invalid(9101, "value is a required data field.");
    return { content: `${flags} ${tag} "${value}"`, data: { flags, tag, value } };
  }
  const [priority, weight, port] = ["priority", "weight", "port"].map((field) =>
    numberOf(data[field], field),
  );
  const target = hostOf(String(data.target ?? ""), type);
  // The priority is a field of its own; the rest is parted by tabs.
  return {
    content: `${weight}\t${port}\t${target}`,
    priority: priority as number,
    data: { priority, weight, port, target },
  };
}

function numberOf(value: unknown, field: string): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > 65_535) {
    invalid(9101, `${field} is a required field.`);
  }
  return value;
}

function hostOf(said: string, type: string): string {
  const host = said.replace(/\.$/, "");
  const labels = host.split(".");
  if (host === "" || host.length > 253 || labels.some((label) => label === "" || label.length > 63)) {
    invalid(9009, `Content for ${type} record is invalid.`);
  }
  return host;
}

/** Quoted strings stay, those that are too long are split; text without quotes stays as it came. */
function textOf(content: string): string {
  if (content === "" || content === '""') invalid(9101, "content is a required field.");
  if (!content.trimStart().startsWith('"')) return content;
  const strings = stringsOf(content);
  return strings
    .flatMap(cutToBytes)
    .map((one) => `"${one.replace(/["\\]/g, "\\$&")}"`)
    .join(" ");
}

/** The strings a TXT content consists of, without quotes and escapes. */
export function stringsOf(content: string): readonly string[] {
  if (!content.trimStart().startsWith('"')) return [content];
  const found = [...content.matchAll(/"((?:[^"\\]|\\.)*)"/gs)];
  const rest = content.replace(/"((?:[^"\\]|\\.)*)"/gs, "").trim();
  if (found.length === 0 || rest !== "") invalid(9207, "TXT content has quotes that do not match.");
  return found.map((one) => unescaped(one[1] ?? ""));
}

function unescaped(text: string): string {
  if (!/\\\d{3}/.test(text)) return text.replace(/\\(.)/gs, "$1");
  const bytes: Buffer[] = [];
  for (const part of text.matchAll(/\\(\d{3})|\\(.)|([^\\]+)/gs)) {
    bytes.push(
      part[1] === undefined ? Buffer.from(part[2] ?? part[3] ?? "") : Buffer.from([Number(part[1])]),
    );
  }
  return Buffer.concat(bytes).toString();
}

/** Pieces of at most 255 bytes, none of them cut inside of a character. */
export function cutToBytes(text: string): readonly string[] {
  const pieces: string[] = [];
  let piece = "";
  let bytes = 0;
  for (const character of text) {
    const size = Buffer.byteLength(character);
    if (bytes + size > 255) {
      pieces.push(piece);
      piece = "";
      bytes = 0;
    }
    piece += character;
    bytes += size;
  }
  return [...pieces, piece];
}
