import type { AnyResource, Resource } from "../engine/resource.js";
import { type DnsProvider, listRecords, listZones } from "./dns-ownership.js";
import { normaliseName, normaliseValues, spelled } from "./dns-values.js";
import { findZone, indexOf, nameAndParents, type ZoneIndex } from "./dns-zone-index.js";
import { mayIssue } from "./propagation-caa.js";
import type { Provider } from "./provider.js";
import type { ObservedRecordSet } from "./traffic.js";

/** A host for which a CAA record lets somebody else issue. */
interface Forbidden {
  readonly host: string;
  readonly record: ObservedRecordSet;
}

interface CaaObserved {
  readonly forbidden: readonly Forbidden[];
}

/**
 * A gate that is closed by a CAA record which does not let the issuer sign for a host: found in the zones while
 * planning, before anything is asked for. Where a zone has none it says nothing, since what is above the zone is not
 * seen here.
 *
 * Blocks with `certificates.caa`.
 *
 * @param identities what the issuer's CAA record may name, any one of them.
 */
export function caaGate(
  provider: DnsProvider,
  issuer: Pick<Provider, "name">,
  hosts: readonly string[],
  identities: readonly string[],
): AnyResource {
  const gate: Resource<{ readonly hosts: readonly string[] }, CaaObserved> = {
    id: `${issuer.name}/certificates/caa`,
    label: `CAA records of ${hosts.join(", ")}`,
    provider: provider.name,
    element: "certificates",
    desired: { hosts },
    async read(context) {
      const zones = await listZones(context, provider);
      const found = await Promise.all(
        hosts.map(async (host): Promise<readonly Forbidden[]> => {
          const zone = findZone(zones, host);
          if (zone === undefined) return [];
          const { byName } = indexOf(await listRecords(context, provider, zone));
          const record = relevantCaa(byName, host, zone);
          if (record === undefined) return [];
          const values = normaliseValues("CAA", record.values);
          return mayIssue({ values }, host, identities) ? [] : [{ host, record }];
        }),
      );
      return { forbidden: found.flat() };
    },
    diff: () => [],
    blocked: (observed) =>
      observed === undefined || observed.forbidden.length === 0
        ? undefined
        : refusal(issuer.name, observed.forbidden, identities),
  };
  return gate as AnyResource;
}

/** The nearest CAA records, from the host upwards to the root of its zone (RFC 8659, section 3). */
function relevantCaa(byName: ZoneIndex["byName"], host: string, zone: string): ObservedRecordSet | undefined {
  for (const name of nameAndParents(normaliseName(host).replace(/^\*\./, ""))) {
    const found = byName.get(name)?.find(({ type }) => type === "CAA");
    if (found !== undefined || name === zone) return found;
  }
  return undefined;
}

function refusal(
  issuer: string,
  forbidden: readonly Forbidden[],
  identities: readonly string[],
): { code: string; message: string; hint: string } {
  const each = forbidden.map(
    ({ host, record }) => `${spelled(host)} by ${normaliseName(record.name)} CAA ${record.values.join(", ")}`,
  );
  const missing = new Set(
    forbidden.map(
      ({ host, record }) => `${normaliseName(record.name)} CAA 0 ${tagFor(host, record)} "${identities[0]}"`,
    ),
  );
  return {
    code: "certificates.caa",
    message: `${issuer} issues as ${identities.join(" or ")}, which may not sign for ${each.join("; ")}.`,
    hint: `Add ${[...missing].join(" and ")} to the zone, or remove those CAA records.`,
  };
}

/** Wildcards are ruled by `issuewild` where it is there (RFC 8659, section 4.3). */
function tagFor(host: string, record: ObservedRecordSet): "issue" | "issuewild" {
  const wild = normaliseValues("CAA", record.values).some((value) => value.split(" ")[1] === "issuewild");
  return host.startsWith("*.") && wild ? "issuewild" : "issue";
}
