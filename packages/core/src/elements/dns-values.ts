import { normaliseText } from "./dns-text.js";
import type { DnsRecordType } from "./traffic.js";

/**
 * A DNS name as it is compared: lower case, without the last dot, international letters in punycode, as DNS stores
 * them. A label with an underscore is never international.
 */
export function normaliseName(name: string): string {
  // Nearly all of ten thousand names are as they are compared already.
  if (/^[a-z0-9*_-]+(?:\.[a-z0-9*_-]+)*$/.test(name)) return name;
  const plain = name.trim().replace(/\.$/, "");
  if (!international.test(plain)) return plain.toLowerCase();
  return plain
    .split(/[.\u3002\uff0e\uff61]/)
    .map(storedLabel)
    .join(".")
    .toLowerCase();
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: everything that is not ASCII is meant.
const international = /[^\u0000-\u007f]/;

function storedLabel(label: string): string {
  if (!international.test(label) || label.includes("_")) return label;
  const stored = process.getBuiltinModule("node:url").domainToASCII(label);
  // Digits of other scripts alone are taken for an address by it, which no label is.
  return stored === "" || stored.includes(".") ? label : stored;
}

/** A DNS name as a person reads it: punycode turned back into the letters it stands for. */
export function readableName(name: string): string {
  if (!/(?:^|\.)xn--/i.test(name)) return name;
  return process.getBuiltinModule("node:url").domainToUnicode(name) || name;
}

/** A DNS name for a message: as DNS stores it, and as a person reads it where that differs. */
export function spelled(name: string): string {
  const readable = readableName(name);
  return readable === name ? name : `${readable} (${name})`;
}

/** IPv6 has many spellings of one address; the URL parser knows the canonical one. */
function normaliseIpv6(value: string): string {
  try {
    return new URL(`http://[${value.trim()}]/`).hostname.slice(1, -1);
  } catch {
    return value.trim().toLowerCase();
  }
}

/** Numbers in front, a host name behind: MX and SRV. The name `.` says that there is none. */
function normaliseTarget(value: string): string {
  const parts = value.trim().split(/\s+/);
  const host = normaliseName(parts.pop() ?? "");
  return [...parts.map(normaliseNumber), host === "" ? "." : host].join(" ");
}

function normaliseNumber(text: string): string {
  return /^\d+$/.test(text) ? String(Number(text)) : text;
}

function normaliseCaa(value: string): string {
  const [flags = "", tag = "", ...rest] = value.trim().split(/\s+/);
  return [normaliseNumber(flags), tag.toLowerCase(), normaliseText(rest.join(" "))].join(" ");
}

/** One value of a record as it is compared: what vendors spell differently is made equal. */
function normaliseValue(type: DnsRecordType, value: string): string {
  switch (type) {
    case "TXT":
      return normaliseText(value);
    case "CNAME":
    case "ALIAS":
    case "NS":
      return normaliseName(value);
    case "AAAA":
      return normaliseIpv6(value);
    case "MX":
    case "SRV":
      return normaliseTarget(value);
    case "CAA":
      return normaliseCaa(value);
    default:
      // A, and what a vendor lists beyond the types that are planned.
      return value.trim();
  }
}

/** All values of a record set as they are compared: normalised, in one order, each once. */
export function normaliseValues(type: DnsRecordType, values: readonly string[]): readonly string[] {
  if (values.length === 1) return [normaliseValue(type, values[0]!)];
  return [...new Set(values.map((value) => normaliseValue(type, value)))].sort();
}
