import type { Grant } from "@deploy/core";
import type { Role } from "../access/types.js";
import type { Support, VendorAccessRow } from "../shared/app-types.js";
import type { LedgerEntry } from "./vendor-ledger.js";

/** What is compared. */
export interface DriftInput {
  readonly here: readonly { readonly email: string; readonly role: Role }[];
  /** Absent: the provider could not be asked. */
  readonly there: readonly Grant[] | undefined;
  readonly entries: readonly LedgerEntry[];
  readonly supports: Readonly<Record<Role, Support>>;
}

/** One row for each person who is here or there, by name; those who need something first. */
export function driftView({ here, there, entries, supports }: DriftInput): readonly VendorAccessRow[] {
  const roleHere = new Map(here.map(({ email, role }) => [email.toLowerCase(), role]));
  const roleThere = new Map((there ?? []).map(({ person, role }) => [person.toLowerCase(), role]));
  const failures = new Map(entries.map((entry) => [entry.person, entry.failed]));
  const waiting = entries.filter(({ failed }) => failed !== undefined).map(({ person }) => person);
  const people = [...new Set([...roleHere.keys(), ...roleThere.keys(), ...waiting])];
  const rows = people.map((person): VendorAccessRow => {
    const mine = roleHere.get(person);
    const theirs = roleThere.get(person);
    const failed = failures.get(person);
    return {
      person,
      ...(mine === undefined ? {} : { here: mine }),
      ...(theirs === undefined ? {} : { there: theirs }),
      state: stateOf(mine, theirs, supports, there !== undefined),
      ...(failed === undefined ? {} : { trouble: failed.trouble, triedAt: failed.at }),
    };
  });
  const inLine = ({ state, trouble }: VendorAccessRow): boolean =>
    trouble === undefined && (state === "same" || state === "unsupported");
  return rows.sort(
    (one, other) => Number(inLine(one)) - Number(inLine(other)) || (one.person < other.person ? -1 : 1),
  );
}

function stateOf(
  here: Role | undefined,
  there: Role | undefined,
  supports: Readonly<Record<Role, Support>>,
  asked: boolean,
): VendorAccessRow["state"] {
  if (!asked) return "unknown";
  if (here === undefined) return "only there";
  if (there === here) return "same";
  if (there !== undefined) return "other role";
  return supports[here] === true ? "only here" : "unsupported";
}
