import type { DnsRecordSet } from "@deploy/core";
import type { Fault } from "../chaos/fault.js";
import { type Dice, foreignSet, type Scene } from "./random.js";
import { type Others, plant, type Run, uproot } from "./run.js";
import type { ForeignZone } from "./zone.js";

/** Plans what goes wrong with the order that comes next. */
export function disturb(run: Run, scene: Scene, others: Others): void {
  const { one, proxy, clients, tally, zone } = run;
  const where = (): { readonly call: number } | { readonly mutation: number } =>
    one.chance(0.6) ? { mutation: one.between(1, 4) } : { call: one.between(1, 14) };
  const plan = (fault: Fault): void => proxy.plan({ at: where(), fault });
  if (zone.overwrite !== undefined && others.free.length > 0 && one.chance(0.3)) {
    planOverwrite(run, others, zone.overwrite);
    return;
  }
  if (one.chance(0.5)) {
    const edited = one.between(1, 3);
    plan({
      kind: "meanwhile",
      act: async () => {
        const before = new Set(others.expected);
        for (let left = edited; left > 0; left -= 1) await edit(zone, scene, others, one);
        tally.edits += edited;
        if (zone.promise === "untouched" || proxy.calls.at(-1)?.mutation === undefined) return;
        for (const line of others.expected) if (!before.has(line)) others.inTheWindow.add(line.text);
      },
    });
  }
  if (one.chance(0.55)) {
    plan({ kind: "kill", when: one.pick(["before", "during", "after"]), kill: () => clients.kill() });
  } else if (one.chance(0.4)) {
    tally.losses += 1;
    plan(
      one.pick<Fault>([
        { kind: "reset", when: "before" },
        { kind: "reset", when: "after" },
        { kind: "status", status: 503, when: "before" },
        { kind: "status", status: 502, when: "after" },
        { kind: "truncate" },
      ]),
    );
  }
}

/** After our write, and before we look at what came of it, an older zone is written back over it. */
function planOverwrite(
  { one, proxy, tally }: Run,
  others: Others,
  overwrite: NonNullable<ForeignZone["overwrite"]>,
): void {
  let written = false;
  const record = one.pick(others.free);
  proxy.plan({
    at: ({ mutation }) => {
      if (mutation !== undefined) written = true;
      return written && mutation === undefined;
    },
    fault: {
      kind: "meanwhile",
      act: async () => {
        tally.edits += 1;
        await overwrite(record);
      },
    },
  });
}

/** What the other writer does: a record more, a record less, or another value. */
async function edit(zone: ForeignZone, scene: Scene, others: Others, one: Dice): Promise<void> {
  const { record, isNew } = editOf(zone, scene, others, one);
  if (record === undefined) return;
  // Where zones are replaced as a whole, what was taken away in the wrong moment would come back, and look like ours.
  if (!isNew && zone.promise === "restorable") return;
  if (!isNew) await uproot(zone, others, record);
  if (isNew || one.chance(0.5)) {
    const ttl = (record.ttl ?? 300) + 60;
    await plant(zone, others, { record: isNew ? record : { ...record, ttl } });
  }
}

function editOf(
  zone: ForeignZone,
  scene: Scene,
  others: Others,
  one: Dice,
): { readonly record: DnsRecordSet | undefined; readonly isNew: boolean } {
  if (others.free.length > 0 && one.chance(0.5)) return { record: one.pick(others.free), isNew: false };
  const at = (label: string): string => (label === "@" ? zone.zone : `${label}.${zone.zone}`);
  const record = foreignSet(one, zone.zone, at, zone.types, true);
  const names = new Set([
    ...others.expected.map(({ name }) => name),
    ...scene.wishes.flatMap((wish) =>
      wish.kind === "domains" ? Object.keys(wish.domains) : wish.records.map(({ name }) => name),
    ),
  ]);
  return { record: names.has(record.name) ? undefined : record, isNew: true };
}
