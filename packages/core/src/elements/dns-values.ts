import type { DnsRecordSet, DnsRecordType } from "./traffic.js";

/** A DNS name as it is compared: lower case, without the last dot. */
export function normaliseName(name: string): string {
  return name.trim().toLowerCase().replace(/\.$/, "");
}

/** Joins the quoted strings of a TXT value into the text they stand for; an unquoted value is the text itself. */
function normaliseText(value: string): string {
  const trimmed = value.trim();
  if (!/^"(?:[^"\\]|\\.)*"(?:\s+"(?:[^"\\]|\\.)*")*$/s.test(trimmed)) return value;
  return [...trimmed.matchAll(/"((?:[^"\\]|\\.)*)"/gs)]
    .map((part) => (part[1] ?? "").replace(/\\(\d{3}|.)/gs, unescapeCharacter))
    .join("");
}

function unescapeCharacter(_whole: string, escaped: string): string {
  return escaped.length === 3 ? String.fromCharCode(Number(escaped)) : escaped;
}

/** IPv6 has many spellings of one address; the URL parser knows the canonical one. */
function normaliseIpv6(value: string): string {
  try {
    return new URL(`http://[${value.trim()}]/`).hostname.slice(1, -1);
  } catch {
    return value.trim().toLowerCase();
  }
}

/** Numbers in front, a host name behind: MX and SRV. */
function normaliseTarget(value: string): string {
  const parts = value.trim().split(/\s+/);
  const host = normaliseName(parts.pop() ?? "");
  return [...parts.map((part) => String(Number(part))), host].join(" ");
}

function normaliseCaa(value: string): string {
  const [flags = "", tag = "", ...rest] = value.trim().split(/\s+/);
  return [String(Number(flags)), tag.toLowerCase(), normaliseText(rest.join(" "))].join(" ");
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
    case "A":
      return value.trim();
  }
}

/** All values of a record set as they are compared: normalised, in one order, each once. */
export function normaliseValues(type: DnsRecordType, values: readonly string[]): readonly string[] {
  return [...new Set(values.map((value) => normaliseValue(type, value)))].sort();
}

/** The zone which holds `host`: the longest of `zones` that it ends with. */
export function findZone(zones: readonly string[], host: string): string | undefined {
  const name = normaliseName(host);
  return zones
    .map(normaliseName)
    .filter((zone) => name === zone || name.endsWith(`.${zone}`))
    .sort((one, other) => other.length - one.length)[0];
}

const addressTypes: readonly DnsRecordType[] = ["A", "AAAA", "CNAME", "ALIAS"];

/**
 * Whether two record sets of one name cannot stand side by side.
 *
 * A CNAME tolerates nothing beside it, except at a zone's root, where vendors flatten it to addresses.
 */
export function conflicts(
  one: Pick<DnsRecordSet, "type">,
  other: Pick<DnsRecordSet, "type">,
  atApex: boolean,
): boolean {
  if (one.type === other.type) return false;
  const types = [one.type, other.type];
  if (types.every((type) => addressTypes.includes(type))) {
    return !(types.includes("A") && types.includes("AAAA"));
  }
  return types.includes("CNAME") && !atApex;
}
