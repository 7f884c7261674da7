import { normaliseName, normaliseValues } from "./dns-values.js";
import type { ZoneFinder } from "./propagation-zone.js";

/** The CAA records that hold for a host, and where they stand. */
export interface CaaSet {
  readonly name: string;
  /** Normalised: `0 issue letsencrypt.org`. */
  readonly values: readonly string[];
}

/** CNAMEs that are followed for one name. */
const longestChain = 10;

/**
 * The CAA records that an issuer will find for a host: its own, or those of the nearest name above it (RFC 8659,
 * section 3). Undefined where there are none, and anybody may issue.
 */
export async function findCaa(finder: ZoneFinder, host: string): Promise<CaaSet | undefined> {
  const labels = normaliseName(host).replace(/^\*\./, "").split(".");
  for (let index = 0; index < labels.length - 1; index += 1) {
    const name = labels.slice(index).join(".");
    const values = await caaOf(finder, name);
    if (values.length > 0) return { name, values };
  }
  return undefined;
}

async function caaOf(finder: ZoneFinder, start: string): Promise<readonly string[]> {
  let name = start;
  for (let hops = 0; hops <= longestChain; hops += 1) {
    const answers = await finder.lookup(name, "CAA");
    const records = answers.filter((one) => one.type === "CAA");
    const alias = answers.find((one) => one.type === "CNAME");
    if (records.length > 0 || alias === undefined) {
      return normaliseValues(
        "CAA",
        records.map((one) => one.value),
      );
    }
    name = alias.value;
  }
  return [];
}

/**
 * Whether a CAA set lets an issuer sign for a host. `issuewild` rules wildcards where it is there (RFC 8659, section
 * 4.3); a set without any rule of issue forbids nothing.
 *
 * @param identities what the issuer answers to, any one of them.
 */
export function mayIssue(set: Pick<CaaSet, "values">, host: string, identities: readonly string[]): boolean {
  const rules = set.values.map((value) => {
    const [, tag = "", ...rest] = value.split(" ");
    return { tag, issuer: rest.join(" ").split(";")[0]!.trim().toLowerCase() };
  });
  const wild = rules.filter(({ tag }) => tag === "issuewild");
  const plain = rules.filter(({ tag }) => tag === "issue");
  const relevant = host.startsWith("*.") && wild.length > 0 ? wild : plain;
  return relevant.length === 0 || relevant.some(({ issuer }) => identities.includes(issuer));
}
