import { domainToASCII } from "node:url";
import type { DnsRecordType } from "@deploy/core";

/*
 * Presentation format as RFC 1035, section 5.1, has it, read independently of core: what a name server answers is the
 * judge of what core and a plugin have written.
 */

/** A name as it is compared: in ASCII, lower case, without the last dot. `*` and `_` stay as they are. */
export function plainName(name: string): string {
  const labels = name.replace(/\.$/, "").split(".");
  const isPlain = (label: string): boolean => [...label].every((character) => character <= "\u007f");
  return labels.map((label) => (isPlain(label) ? label : domainToASCII(label)).toLowerCase()).join(".");
}

/** The text that a TXT value in presentation format stands for: its strings joined, their octets read as UTF-8. */
export function textOf(presented: string): string {
  const octets: Buffer[] = [];
  for (const [, inner = ""] of presented.matchAll(/"((?:[^"\\]|\\.)*)"/gs)) {
    for (const [part] of inner.matchAll(/\\\d{3}|\\.|[^\\]+/gs)) {
      if (/^\\\d{3}$/.test(part)) octets.push(Buffer.from([Number(part.slice(1))]));
      else octets.push(Buffer.from(part.startsWith("\\") ? part.slice(1) : part));
    }
  }
  return Buffer.concat(octets).toString("utf8");
}

/** A text as a TXT value in presentation format: strings of 255 octets at most, with what is special in them escaped. */
export function presentText(text: string): string {
  const octets = Buffer.from(text);
  const strings: string[] = [];
  for (let at = 0; at < octets.length || at === 0; at += 255) {
    const string = [...octets.subarray(at, at + 255)].map((octet) => {
      if (octet === 0x22 || octet === 0x5c) return `\\${String.fromCharCode(octet)}`;
      return octet < 0x20 || octet > 0x7e
        ? `\\${String(octet).padStart(3, "0")}`
        : String.fromCharCode(octet);
    });
    strings.push(`"${string.join("")}"`);
  }
  return strings.join(" ");
}

const isPresented = (value: string): boolean => /^"(?:[^"\\]|\\.)*"(?:\s+"(?:[^"\\]|\\.)*")*$/s.test(value);

/** One value in the only form that is compared, whether quoted or not. */
function plainValue(type: DnsRecordType, value: string): string {
  const words = value.trim().split(/\s+/);
  const text = (said: string): string => (isPresented(said) ? textOf(said) : said);
  switch (type) {
    case "TXT":
      return text(value);
    case "CAA":
      return `${Number(words[0])} ${words[1]?.toLowerCase()} ${text(words.slice(2).join(" "))}`;
    case "MX":
    case "SRV":
      return [...words.slice(0, -1).map(Number), plainName(words.at(-1) ?? "")].join(" ").trim();
    case "AAAA":
      return new URL(`http://[${value.trim()}]/`).hostname.slice(1, -1);
    case "CNAME":
    case "NS":
    case "ALIAS":
      return plainName(value.trim());
    default:
      return value.trim();
  }
}

/** Values that are wanted, as a name server has to answer them, in one order. */
export function plainValues(type: DnsRecordType, wanted: readonly string[]): readonly string[] {
  return wanted.map((value) => plainValue(type, value)).sort();
}

/**
 * Values that a name server has answered, in one order.
 *
 * A text is never quoted here, and its octets may have come as one character each, as those of `node:dns` do.
 */
export function plainAnswers(type: DnsRecordType, answered: readonly string[]): readonly string[] {
  if (type !== "TXT") return plainValues(type, answered);
  return answered.map(fromOctets).sort();
}

function fromOctets(text: string): string {
  if (![...text].every((one) => one <= "\u00ff")) return text;
  const read = Buffer.from(text, "latin1").toString();
  return read.includes("\ufffd") ? text : read;
}
