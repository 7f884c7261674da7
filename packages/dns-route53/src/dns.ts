import type { Change } from "@aws-sdk/client-route-53";
import {
  type Context,
  DeployError,
  type Dns,
  type DnsCapabilities,
  foldRegistry,
  normaliseName,
  type RegistryStep,
  registryName,
  registrySteps,
} from "@deploy/core";
import type { Client } from "./client.js";
import { isOutdated } from "./errors.js";
import { changesOf, fromRoute53, type HeldSet, prepare, types } from "./record-sets.js";

/** "ChangeResourceRecordSets" in the quotas of Route 53: elements, and characters in all values of a request. */
const batchLimits = { records: 1_000, characters: 32_000 };
/** Milliseconds between two looks at a change, and after which nobody waits for it any more. */
const poll = { every: 3_000, most: 600_000 };
/** Times that a batch is decided anew because the zone was changed by somebody else. */
const rounds = 3;

/** What Route 53 can do. */
const capabilities: DnsCapabilities = {
  apex: {
    no: "an alias at a root can only lead to what is in AWS, such as a load balancer",
    link: "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-choosing-alias-non-alias.html",
  },
  types,
  wildcards: true,
  redirects: {
    no: "Route 53 answers questions about names and serves no requests",
    link: "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/Welcome.html",
  },
  ttl: { least: 0, most: 2_147_483_647 },
};

/** Ids of the public zones by name; there may be several of one name. */
type ZoneIds = ReadonlyMap<string, readonly string[]>;

/** The DNS of an AWS account. `chosen`: ids of hosted zones by name; then there are no others. */
export function createDns(client: Client, chosen: Readonly<Record<string, string>> | undefined): Dns {
  /** The last listing of each zone, until it is written to: what a batch is decided by. */
  const seen = new Map<string, readonly HeldSet[]>();

  /** Ids of the zones as they were last listed, for each set of credentials: core asks for the zones before anything else. */
  const listed = new WeakMap<Context["env"], ZoneIds>();

  const listZones = async (context: Context): Promise<ZoneIds> => {
    const ids = new Map<string, readonly string[]>();
    for (const [name, id] of Object.entries(chosen ?? {})) ids.set(normaliseName(name), [id]);
    for (let more = chosen === undefined, Marker: string | undefined; more; ) {
      const page = await client.call(context, "ListHostedZones", Marker === undefined ? {} : { Marker });
      for (const { Name = "", Id = "", Config } of page.HostedZones ?? []) {
        const name = normaliseName(Name);
        const id = Id.replace("/hostedzone/", "");
        if (Config?.PrivateZone !== true) ids.set(name, [...(ids.get(name) ?? []), id]);
      }
      Marker = page.NextMarker;
      more = page.IsTruncated === true;
    }
    listed.set(context.env, ids);
    return ids;
  };

  const zoneId = async (context: Context, zone: string): Promise<string> => {
    const name = normaliseName(zone);
    const known = listed.get(context.env);
    const all = known?.has(name) === true ? known : await listZones(context);
    const [id, ...others] = all.get(name) ?? [];
    if (id === undefined) throw unknownZone(zone, [...all.keys()]);
    if (others.length > 0) throw ambiguousZone(zone, [id, ...others]);
    return id;
  };

  const read = async (context: Context, HostedZoneId: string): Promise<readonly HeldSet[]> => {
    const sets = [];
    for (let from = {}; ; ) {
      const page = await client.call(context, "ListResourceRecordSets", { HostedZoneId, ...from });
      sets.push(...(page.ResourceRecordSets ?? []));
      if (page.IsTruncated !== true) return fromRoute53(sets);
      const { NextRecordName, NextRecordType, NextRecordIdentifier } = page;
      from = {
        StartRecordName: NextRecordName,
        StartRecordType: NextRecordType,
        ...(NextRecordIdentifier === undefined ? {} : { StartRecordIdentifier: NextRecordIdentifier }),
      };
    }
  };

  /** Waits until all of Route 53's servers answer with the change. */
  const published = async (context: Context, Id: string): Promise<void> => {
    const until = context.clock.now() + poll.most;
    for (let told = false; ; told = true) {
      const { ChangeInfo } = await client.call(context, "GetChange", { Id });
      if (ChangeInfo?.Status === "INSYNC") return;
      if (!told) context.log("waiting for Route 53's name servers to have the change (PENDING)");
      if (context.clock.now() >= until) throw notPublished(Id);
      await context.clock.sleep(poll.every, context.signal);
    }
  };

  const write = async (
    context: Context,
    HostedZoneId: string,
    batches: readonly Change[][],
  ): Promise<void> => {
    const pending: string[] = [];
    for (const Changes of batches) {
      const ChangeBatch = { Changes };
      const input = { HostedZoneId, ChangeBatch };
      const { ChangeInfo } = await client.call(context, "ChangeResourceRecordSets", input);
      if (ChangeInfo?.Id !== undefined && ChangeInfo.Status !== "INSYNC") pending.push(ChangeInfo.Id);
    }
    for (const id of pending) await published(context, id);
  };

  return {
    capabilities,
    prepare,
    zones: async (context) => [...(await listZones(context)).keys()],
    async list(context, zone) {
      const id = await zoneId(context, zone);
      const sets = await read(context, id);
      seen.set(id, sets);
      return foldRegistry(zone, sets).map(({ held: _held, ...record }) => record);
    },
    async nameServers(context, zone) {
      const id = await zoneId(context, zone);
      const { DelegationSet } = await client.call(context, "GetHostedZone", { Id: id });
      return (DelegationSet?.NameServers ?? []).map(normaliseName);
    },
    async apply(context, zone, changes) {
      const id = await zoneId(context, zone);
      for (let round = 1; ; round += 1) {
        const last = round === 1 ? seen.get(id) : undefined;
        seen.delete(id);
        try {
          const steps = registrySteps(zone, last ?? (await read(context, id)), changes);
          if (steps.length > 0) await write(context, id, batchesOf(zone, steps));
          else if (last !== undefined) continue;
          return;
        } catch (error) {
          // Each batch is a transaction on what was seen: where that is no longer so, it is looked at again.
          const again =
            isOutdated(error) || (last !== undefined && DeployError.is(error) && isDecision(error));
          if (!again || round >= rounds) throw error;
        }
      }
    },
  };
}

/** Codes by which a batch is refused because of what is in the zone, which may have been read some time ago. */
function isDecision({ code }: DeployError): boolean {
  return code === "dns.foreign-record" || code === "dns.concurrent-change";
}

/** Batches within Route 53's limits; what belongs to one name, its registry entries too, is never divided. */
function batchesOf(zone: string, steps: readonly RegistryStep<HeldSet>[]): Change[][] {
  const setOf = ({ before, after }: RegistryStep<HeldSet>) => (after ?? before) as HeldSet;
  const names = new Map(steps.map(setOf).map((set) => [registryName(zone, set), set.name] as const));
  const groups = new Map<string, Change[]>();
  for (const step of steps) {
    const { name, type } = setOf(step);
    const owner = (type === "TXT" && names.get(name)) || name;
    groups.set(owner, [...(groups.get(owner) ?? []), ...changesOf(step)]);
  }
  const batches: { changes: Change[]; records: number; characters: number }[] = [];
  for (const group of groups.values()) {
    const texts = group.flatMap(({ ResourceRecordSet: set }) => set?.ResourceRecords ?? [{ Value: "" }]);
    const characters = texts.reduce((sum, { Value = "" }) => sum + Value.length, 0);
    const last = batches.at(-1);
    const fits =
      last !== undefined &&
      last.records + texts.length <= batchLimits.records &&
      last.characters + characters <= batchLimits.characters;
    const batch = fits ? last : { changes: [], records: 0, characters: 0 };
    if (!fits) batches.push(batch);
    batch.changes.push(...group);
    batch.records += texts.length;
    batch.characters += characters;
  }
  // A CNAME tolerates nothing beside it: what goes, goes first.
  const isGoing = ({ Action }: Change): boolean => Action === "DELETE";
  return batches.map(({ changes }) => [
    ...changes.filter(isGoing),
    ...changes.filter((change) => !isGoing(change)),
  ]);
}

function unknownZone(zone: string, zones: readonly string[]): DeployError {
  return new DeployError({
    code: "dns.no-zone",
    message: `These credentials reach no public hosted zone ${zone}.`,
    hint: `They reach: ${zones.join(", ") || "none"}. Add the zone in Route 53, or use the account that holds it.`,
    details: { zone, zones },
  });
}

function ambiguousZone(zone: string, ids: readonly string[]): DeployError {
  return new DeployError({
    code: "dns.ambiguous-zone",
    message: `There are ${ids.length} public hosted zones of the name ${zone}: ${ids.join(", ")}.`,
    hint: `Name the one that the domain is delegated to: route53({ zones: { "${zone}": "${ids[0]}" } }); \`dig NS ${zone}\` tells which.`,
    details: { zone, ids },
  });
}

function notPublished(id: string): DeployError {
  return new DeployError({
    code: "dns.not-published",
    message: `Route 53 has taken the change ${id}, and after ${poll.most / 60_000} minutes not all its name servers have it (PENDING).`,
    hint: "Nothing is lost: look at https://health.aws.amazon.com/health/status, then run the same again.",
  });
}
