import type { FieldChange, Plan, PlanAction, PlannedChange } from "@deploy/core";
import { neutralise } from "./neutralise.js";
import type { Style } from "./style.js";
import { truncate, wrapWords } from "./width.js";

/** How a plan is shown. */
export interface PlanView {
  readonly style: Style;
  readonly columns: number;
}

/** Cells; also where the output is read by a program, for which `--json` has everything. */
const WIDEST_FIELD = 160;

const SIGNS: Readonly<Record<PlanAction, string>> = {
  create: "+",
  update: "~",
  adopt: ">",
  delete: "-",
  wait: "…",
};

/** A plan as a difference that a person reads: what comes, changes and goes, what stays, what is in the way. */
export function renderPlan(plan: Plan, view: PlanView): string[] {
  const { style } = view;
  const accounts = Object.entries(plan.identities).map(([provider, account]) => `${provider}: ${account}`);
  return [
    `${style.bold(`${plan.app} in ${plan.environment}`)}${accounts.length === 0 ? "" : style.dim(` (${accounts.join(", ")})`)}`,
    ...(plan.changes.length === 0 ? [] : [""]),
    ...plan.changes.flatMap((change) => changeLines(change, view)),
    ...section(
      "Kept",
      plan.kept.map(({ label, reason }) => `= ${label}: ${reason}`),
      view,
    ),
    ...section(
      "Notes",
      plan.notes.map((note) => `! ${note}`),
      view,
    ),
    ...blockLines(plan, view),
    "",
    summary(plan),
  ];
}

/** `3 to create, 1 to update, 12 unchanged.` */
function summary(plan: Plan): string {
  const count = (action: PlanAction): number =>
    plan.changes.filter((change) => change.action === action).length;
  const words: Readonly<Record<PlanAction, string>> = {
    create: "to create",
    update: "to update",
    adopt: "to adopt",
    delete: "to delete",
    wait: "to wait for",
  };
  const parts = (Object.keys(words) as PlanAction[])
    .filter((action) => count(action) > 0)
    .map((action) => `${count(action)} ${words[action]}`);
  if (plan.blocks.length > 0) parts.unshift(`${plan.blocks.length} in the way`);
  return parts.length === 0
    ? `Nothing to change; ${plan.unchanged} unchanged.`
    : `${parts.join(", ")}, ${plan.unchanged} unchanged.`;
}

function changeLines(change: PlannedChange, { style, columns }: PlanView): string[] {
  const colour = {
    create: style.green,
    update: style.yellow,
    adopt: style.yellow,
    delete: style.red,
    wait: style.dim,
  }[change.action];
  const verb = change.verb === change.action ? "" : `${change.verb} `;
  const reason = change.reason === undefined ? "" : style.dim(` (${neutralise(change.reason)})`);
  const lost =
    change.holdsData === undefined ? [] : [`    ${style.red(`loses the data of ${change.holdsData}`)}`];
  const head = `${colour(`${SIGNS[change.action]} ${verb}${neutralise(change.label)}`)}${reason}`;
  const shown =
    change.action === "delete" ? [] : change.fields.filter((field) => saysSomething(field, change.action));
  const fields = shown.map((field) => fieldLine(field, change.action));
  return [
    ...wrapped(`  ${head}`, "      ", columns),
    ...fields.map((line) => `      ${style.dim(truncate(line, Math.min(columns - 7, WIDEST_FIELD)))}`),
    ...lost,
  ];
}

/** Where something new is made, what it will not have is no news. */
function saysSomething({ to, unknown }: FieldChange, action: PlanAction): boolean {
  if (action !== "create" || unknown) return true;
  if (to === undefined || to === null || to === "") return false;
  return typeof to !== "object" || Object.keys(to).length > 0;
}

function fieldLine(field: FieldChange, action: PlanAction): string {
  const to = field.unknown ? "(known after apply)" : printable(field.to);
  if (action === "create" || field.from === undefined) return `${field.path}: ${to}`;
  return `${field.path}: ${printable(field.from)} → ${to}`;
}

/** Strings without quotes where that is clear, everything else as JSON on one line. */
function printable(value: unknown): string {
  if (value === undefined) return "(absent)";
  if (typeof value === "string")
    return value === "" || /^\s|\s$/.test(value) ? JSON.stringify(value) : neutralise(value);
  const names = namesOf(value);
  return neutralise(names ?? JSON.stringify(value) ?? String(value));
}

/** A list of things that have names (processes, jobs, routes) is told by these; the whole is in `--json`. */
function namesOf(value: unknown): string | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const names = value.map((one: unknown) => {
    const { name, host } = (typeof one === "object" && one !== null ? one : {}) as Record<string, unknown>;
    return typeof name === "string" ? name : host;
  });
  return names.every((name) => typeof name === "string") ? names.join(", ") : undefined;
}

function section(title: string, lines: readonly string[], { style, columns }: PlanView): string[] {
  if (lines.length === 0) return [];
  return [
    "",
    style.bold(title),
    ...lines.flatMap((line) => wrapped(`  ${neutralise(line)}`, "    ", columns)),
  ];
}

function blockLines(plan: Plan, { style, columns }: PlanView): string[] {
  if (plan.blocks.length === 0) return [];
  return [
    "",
    style.bold("In the way"),
    ...plan.blocks.flatMap((block) => [
      ...wrapped(
        `  ${style.red("✖")} ${neutralise(block.message)} ${style.dim(`(${block.code})`)}`,
        "    ",
        columns,
      ),
      ...(block.hint === undefined ? [] : wrapped(`    ${neutralise(block.hint)}`, "    ", columns)),
    ]),
  ];
}

function wrapped(line: string, indent: string, columns: number): string[] {
  const lead = /^\s*/.exec(line)?.[0] ?? "";
  const [first = "", ...rest] = wrapWords(line.slice(lead.length), Math.max(20, columns - indent.length - 1));
  return [lead + first, ...rest.map((text) => indent + text)];
}
