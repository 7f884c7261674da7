import { DeployError, type Problem } from "../errors.js";
import type { Plan, PlanAction, PlannedChange } from "./plan.js";
import { unknownText } from "./printable.js";
import type { FieldChange } from "./resource.js";

/** What a planned action may have become when the run that applied the plan stopped halfway. */
const resumesAs: Readonly<Record<PlanAction, readonly PlanAction[]>> = {
  // Something that takes several calls to make may be there in part, or be there and not ready.
  create: ["create", "update", "wait"],
  adopt: ["adopt", "update", "wait"],
  update: ["update", "wait"],
  wait: ["wait"],
  delete: ["delete"],
};

/**
 * Refuses a saved plan when the world or the configuration has moved since.
 *
 * What was unknown matches anything. A plan that was applied in part is not stale: what is left of it may go on.
 *
 * @throws DeployError `plan.stale`, with one problem for each thing that moved.
 */
export function assertFresh(saved: Plan, fresh: Plan): void {
  const problems = [
    ...compareHeads(saved, fresh),
    ...compareDesired(saved, fresh),
    ...compareChanges(saved, fresh),
    ...compareBlocks(saved, fresh),
  ];
  if (problems.length === 0) return;
  throw new DeployError({
    code: "plan.stale",
    message: `The plan of ${saved.createdAt} no longer holds: ${problems[0]!.message}`,
    hint: "Plan again, look at it, and apply the new plan.",
    problems,
  });
}

function compareHeads(saved: Plan, fresh: Plan): readonly Problem[] {
  const problems: Problem[] = [];
  for (const member of ["app", "environment", "operation"] as const) {
    if (saved[member] === fresh[member]) continue;
    problems.push({ message: `it is for ${member} ${saved[member]}, and this is ${fresh[member]}.` });
  }
  for (const [provider, account] of Object.entries(saved.identities)) {
    const now = fresh.identities[provider];
    if (now === account) continue;
    problems.push({ message: `${provider}: the account was ${account}, now it is ${now ?? "unknown"}.` });
  }
  return problems;
}

function compareDesired(saved: Plan, fresh: Plan): readonly Problem[] {
  const problems: Problem[] = [];
  for (const [id, digest] of Object.entries(saved.desired)) {
    const now = own(fresh.desired, id);
    if (now === undefined) problems.push({ message: `${id} is no longer declared.` });
    else if (now !== digest) problems.push({ message: `${id}: what is declared has changed.` });
  }
  for (const id of Object.keys(fresh.desired)) {
    if (own(saved.desired, id) === undefined) problems.push({ message: `${id} was not declared yet.` });
  }
  return problems;
}

function compareChanges(saved: Plan, fresh: Plan): readonly Problem[] {
  const planned = new Map(saved.changes.map((change) => [change.id, change]));
  return fresh.changes.flatMap((change) => {
    const before = planned.get(change.id);
    return before === undefined ? [unplanned(change)] : compareChange(before, change);
  });
}

function unplanned(change: PlannedChange): Problem {
  const fields = change.fields.map((field) => `${field.path} ${show(field)}`).join(", ");
  return {
    message: `${change.id} has to be changed now (${change.action}${fields === "" ? "" : `: ${fields}`}).`,
  };
}

function compareChange(saved: PlannedChange, fresh: PlannedChange): readonly Problem[] {
  if (!resumesAs[saved.action].includes(fresh.action)) {
    return [{ message: `${fresh.id}: the plan says ${saved.action}, now it would be ${fresh.action}.` }];
  }
  if (fresh.action === "delete") return compareLoss(saved, fresh);
  const planned = new Map(saved.fields.map((field) => [field.path, field]));
  return fresh.fields.flatMap((field) => {
    const before = findField(planned, field.path);
    // Nothing is known about the fields of what was taken over unseen.
    if (before === undefined)
      return saved.fields.length === 0 ? [] : [moved(fresh, field, "was as it should be")];
    if (before.path !== field.path) return [];
    if (!agree(before, field)) return [moved(fresh, field, `was to become ${text(before.to)}`)];
    // A resource that was to be made had no state before; any other must be as it was when the plan was made.
    const partly = saved.action !== fresh.action;
    return partly || matches(before.from, field.from)
      ? []
      : [moved(fresh, field, `was ${text(before.from)}`)];
  });
}

/** A field, or the one it is part of where that was unknown as a whole. */
function findField(fields: ReadonlyMap<string, FieldChange>, path: string): FieldChange | undefined {
  const exact = fields.get(path);
  if (exact !== undefined) return exact;
  for (let at = path.lastIndexOf("."); at > 0; at = path.lastIndexOf(".", at - 1)) {
    const parent = fields.get(path.slice(0, at));
    if (parent?.unknown === true) return parent;
  }
  const whole = fields.get("");
  return whole?.unknown === true ? whole : undefined;
}

/** What was unknown in either plan matches anything, also in the midst of a list. */
function agree(saved: FieldChange, fresh: FieldChange): boolean {
  return saved.unknown === true || fresh.unknown === true || matches(saved.to, fresh.to);
}

function compareLoss(saved: PlannedChange, fresh: PlannedChange): readonly Problem[] {
  if (saved.holdsData === fresh.holdsData) return [];
  return [
    {
      message: `${fresh.id}: with it ${fresh.holdsData ?? "no data"} would be lost, which the plan does not say.`,
    },
  ];
}

function compareBlocks(saved: Plan, fresh: Plan): readonly Problem[] {
  const known = new Set(saved.blocks.map((block) => `${block.id} ${block.code}`));
  return fresh.blocks
    .filter((block) => !known.has(`${block.id} ${block.code}`))
    .map((block) => ({ message: block.message, ...(block.hint === undefined ? {} : { hint: block.hint }) }));
}

function moved(change: PlannedChange, field: FieldChange, before: string): Problem {
  return { message: `${change.id}: ${field.path || "it"} ${before}, now it is ${show(field)}.` };
}

function show(field: FieldChange): string {
  return `${text(field.from)} → ${field.unknown === true ? "?" : text(field.to)}`;
}

function text(value: unknown): string {
  if (value === undefined) return "nothing";
  const json = JSON.stringify(value) ?? String(value);
  return json.length > 80 ? `${json.slice(0, 77)}…` : json;
}

/** Both are JSON data; one may have been through a file, the other not. */
function matches(a: unknown, b: unknown): boolean {
  if (a === b || a === unknownText || b === unknownText) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  const member = (of: object, key: string): unknown => (of as Record<string, unknown>)[key];
  return [...keys].every((key) => matches(member(a, key), member(b, key)));
}

function own(record: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
