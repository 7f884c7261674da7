import { isIP } from "node:net";

/**
 * Whose an address is, for counting: an IPv4 address as it is, an IPv6 one by its first 64 bits, which is what one
 * customer has at the least; an IPv4 address in an IPv6 one is the former.
 */
export function networkOf(address: string): string {
  const bare = address.split("%", 1)[0] ?? "";
  const version = isIP(bare);
  if (version === 4) return bare;
  if (version !== 6) return "unknown";
  const groups = expand(bare);
  const mapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (mapped) {
    const [high = 0, low = 0] = groups.slice(6);
    return [high >> 8, high & 255, low >> 8, low & 255].join(".");
  }
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(":")}::/64`;
}

/** The eight groups of an IPv6 address, which is known to be one. */
function expand(address: string): readonly number[] {
  const embedded = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const text =
    embedded === null
      ? address
      : `${embedded[1]}${pair(embedded[2], embedded[3])}:${pair(embedded[4], embedded[5])}`;
  const [head = "", tail] = text.split("::");
  const parse = (part: string): number[] =>
    part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16));
  const left = parse(head);
  const right = tail === undefined ? [] : parse(tail);
  return [...left, ...new Array<number>(8 - left.length - right.length).fill(0), ...right];
}

function pair(high: string | undefined, low: string | undefined): string {
  return ((Number(high) << 8) | Number(low)).toString(16);
}
