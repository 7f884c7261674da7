import type { Outcome } from "./messages.js";
import type { Others, Run } from "./run.js";
import type { HeldRecordLine } from "./zone.js";

/** What was promised of records of others, after each attempt. */
export async function keepPromise(run: Run, others: Others, outcome: Outcome | undefined): Promise<void> {
  const { zone, clients, tally } = run;
  const missing = missingOf(others.expected, await zone.holds());
  if (missing.length === 0) return;
  const texts = missing.map(({ text }) => text).join("\n");
  if (zone.promise === "untouched") throw new Error(`changed although they are of others:\n${texts}`);
  const unseen = missing.filter(({ text }) => others.inTheWindow.has(text));
  others.expected = others.expected.filter((line) => !unseen.includes(line));
  tally.unseen += unseen.length;
  const lost = missing.filter((line) => !unseen.includes(line));
  if (lost.length === 0) return;
  // As a vendor writes it: the name below the zone, `@` for the zone itself.
  const short = (name: string): string => (name === zone.zone ? "@" : name.slice(0, -zone.zone.length - 1));
  const unsaid = lost.filter(({ name }) => outcome?.said.includes(short(name)) !== true);
  if (unsaid.length > 0) {
    const words = unsaid.map(({ text }) => text).join("\n");
    throw new Error(`lost without a word:\n${words}\nsaid: ${outcome?.said ?? "nothing, as it was killed"}`);
  }
  // The copy that the error names, as whoever reads it would take.
  const copy = /"copy":"([^"]+)"/.exec(outcome?.said ?? "")?.[1];
  if (copy === undefined) throw new Error(`said without the copy to restore: ${outcome?.said}`);
  const restored = await clients.obey({ verb: "restore", zone: zone.zone, copy });
  const still = missingOf(others.expected, await zone.holds());
  if (still.length > 0) {
    throw new Error(`said, and not put back by restore (${JSON.stringify(restored)}):\n${texts}`);
  }
  tally.restored += lost.length;
}

/** What of `expected` is not held as it was. */
export function missingOf(
  expected: readonly HeldRecordLine[],
  held: readonly HeldRecordLine[],
): readonly HeldRecordLine[] {
  const texts = new Set(held.map(({ text }) => text));
  return expected.filter(({ text }) => !texts.has(text));
}

/** Throws when anything is held otherwise than before. */
export function assertStill(
  before: readonly HeldRecordLine[],
  after: readonly HeldRecordLine[],
  when: string,
): void {
  const changed = [...missingOf(before, after), ...missingOf(after, before)];
  if (changed.length > 0)
    throw new Error(`${when}, it changed:\n${changed.map(({ text }) => text).join("\n")}`);
}
