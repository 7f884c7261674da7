import type { Context } from "../context.js";
import {
  type DnsProvider,
  isOwnRecord,
  listRecords,
  listZones,
  recordMarker,
} from "../elements/dns-ownership.js";
import { normaliseName } from "../elements/dns-values.js";
import { findZone } from "../elements/dns-zone-index.js";
import type { ElementName, Scope } from "../elements/scope.js";
import type { ObservedRecordSet } from "../elements/traffic.js";
import { isPlainObject } from "../engine/late.js";
import { isOut } from "../engine/out.js";
import type { Plan, PlannedChange } from "../engine/plan.js";
import type { PreparedPlan } from "../engine/prepared.js";
import { callContext, sharedContext } from "./context.js";
import { contentOf, ownerOf, placedAs, type RecordNode, recordNodes, settled } from "./domains-records.js";
import type { DomainsDiff, ManualRecord, RecordDiff } from "./domains-types.js";
import { isDnsProvider } from "./providers.js";
import type { Session } from "./session.js";
import type { PlanOptions } from "./types.js";
import { prepareUp } from "./up.js";

/** Seconds that a record made by hand should live: short enough to correct a mistake, long enough for resolvers. */
const manualTtl = 300;

const elements: readonly ElementName[] = ["dns", "certificates", "ingress"];

/**
 * The part of the plan that is about names, record by record.
 *
 * It is a part of the whole plan and not a plan of its own: what it says is what `up` would do.
 *
 * @throws what making a plan throws.
 */
export async function domainsDiff(session: Session, options: PlanOptions): Promise<DomainsDiff> {
  const { composition, prepared } = await prepareUp(session, options);
  const { plan } = prepared;
  const context = sharedContext(callContext(session.surroundings, options.signal));
  const dns = isDnsProvider(session.environment.providers.dns)
    ? session.environment.providers.dns
    : undefined;
  const nodes = composition.traffic === undefined ? [] : recordNodes(composition.traffic);
  const removed = plan.changes.filter(({ action, element }) => action === "delete" && element === "dns");
  const hosts = removed.length > 0 ? undefined : session.environment.domains.map(({ host }) => host);
  const held = await heldRecords(context, dns, session.scope, hosts);
  const ids = new Set(nodes.map(({ id }) => id));
  const records = [
    ...nodes.flatMap((node) =>
      node.resource === undefined ? [] : [recordDiff(node, prepared, dns, held.zones)],
    ),
    ...removed
      .filter(({ id }) => !ids.has(id))
      .map((change) =>
        deletion(
          change,
          held.own.filter((one) => dns !== undefined && idOf(dns, session.scope, one) === change.id),
        ),
      ),
  ];
  const changes = plan.changes.filter(
    (change) => elements.includes(change.element) && !records.some(({ id }) => id === change.id),
  );
  const names = new Set(records.flatMap(({ name }) => name ?? []));
  return {
    app: plan.app,
    environment: plan.environment,
    records,
    changes,
    blocks: plan.blocks.filter(({ id }) => isOfNames(id, plan) || ids.has(id)),
    beside: held.others.filter(({ name }) => names.has(normaliseName(name))),
    byHand: nodes.flatMap((node) => (node.resource === undefined ? [manualRecord(node, prepared)] : [])),
    notes: composition.traffic?.notes ?? [],
    pending: changes.length > 0 || records.some(({ action }) => action !== "none" && action !== "blocked"),
  };
}

/** A block belongs to an element by the second word of its id: `names/dns/www.example.org`. */
function isOfNames(id: string, plan: Plan): boolean {
  const element = plan.changes.find((change) => change.id === id)?.element ?? id.split("/")[1];
  return elements.some((one) => one === element);
}

interface Held {
  readonly zones: readonly string[];
  readonly own: readonly ObservedRecordSet[];
  readonly others: readonly (ObservedRecordSet & { readonly zone: string; readonly owner: string })[];
}

/** Records of ours and of others in the zones of some hosts; without hosts in all zones, for what is to go from them. */
async function heldRecords(
  context: Context,
  dns: DnsProvider | undefined,
  scope: Scope,
  hosts: readonly string[] | undefined,
): Promise<Held> {
  if (dns === undefined || hosts?.length === 0) return { zones: [], own: [], others: [] };
  const zones = await listZones(context, dns);
  const looked = zones.filter((zone) => hosts?.some((host) => findZone(zones, host) === zone) ?? true);
  const own: ObservedRecordSet[] = [];
  const others: Held["others"][number][] = [];
  await Promise.all(
    looked.map(async (zone) => {
      for (const record of await listRecords(context, dns, zone)) {
        if (isOwnRecord(scope, record)) own.push(record);
        else others.push({ ...record, zone, owner: ownerOf(record) });
      }
    }),
  );
  return { zones, own, others };
}

/** The id that an owned record is planned by: its marker ends with it. */
function idOf(dns: DnsProvider, scope: Scope, { marker = "" }: ObservedRecordSet): string {
  return `${dns.name}/dns/${marker.slice(recordMarker(scope, "").length)}`;
}

function recordDiff(
  node: RecordNode,
  prepared: PreparedPlan,
  dns: DnsProvider | undefined,
  zones: readonly string[],
): RecordDiff {
  const { id, resource } = node;
  const { plan } = prepared;
  const change = plan.changes.find((one) => one.id === id);
  const wanted = settled(lateOf(prepared, node.desired));
  const placed = wanted === undefined ? undefined : placedAs(wanted, dns, zones);
  const present = prepared.observed(resource!) as ObservedRecordSet | undefined;
  const blocked = plan.blocks.some((block) => block.id === id);
  const action = blocked ? "blocked" : (change?.action ?? "none");
  const subject = placed ?? present;
  return {
    id,
    label: resource!.label,
    ...(subject === undefined ? {} : { name: normaliseName(subject.name), type: subject.type }),
    action: action === "wait" ? "none" : action,
    ...(present === undefined ? {} : { before: contentOf(present) }),
    ...(placed === undefined || wanted?.values === undefined ? {} : { after: contentOf(placed) }),
  };
}

function deletion({ id, label }: PlannedChange, records: readonly ObservedRecordSet[]): RecordDiff {
  const [first] = records;
  return {
    ...{ id, label, action: "delete" },
    ...(first === undefined
      ? {}
      : { name: normaliseName(first.name), type: first.type, before: contentOf(first) }),
  };
}

function manualRecord(node: RecordNode, prepared: PreparedPlan): ManualRecord {
  const wanted = settled(lateOf(prepared, node.desired));
  const use = wanted?.use ?? (isOut(node.desired) ? "proof" : "traffic");
  if (wanted === undefined) return { use, lines: [] };
  const { name, type, values, ttl = manualTtl } = wanted;
  const host = normaliseName(name);
  return {
    ...{ name: host, type, use },
    ...(values === undefined ? {} : { values }),
    lines: (values ?? []).map((value) => `${host}. ${ttl} IN ${type} ${zoneFileValue(type, value)}`),
  };
}

/** Host names end with a dot in a zone file: without it they would be relative to the zone. */
function zoneFileValue(type: string, value: string): string {
  if (type === "TXT") return value.startsWith('"') ? value : `"${value.replace(/["\\]/g, "\\$&")}"`;
  const hasHost = type === "CNAME" || type === "NS" || type === "MX" || type === "SRV";
  return hasHost && !value.endsWith(".") ? `${value}.` : value;
}

/** Data with what is known of its late leaves. */
function lateOf(prepared: PreparedPlan, data: unknown): unknown {
  if (isOut(data)) return lateOf(prepared, prepared.resolve(data));
  if (Array.isArray(data)) return data.map((item) => lateOf(prepared, item));
  if (!isPlainObject(data)) return data;
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, lateOf(prepared, value)]));
}
