import type { DomainsDiff, RecordContent, RecordDiff, ZoneRecordChange, ZoneRestore } from "@deploy/core";
import { neutralise } from "./neutralise.js";
import type { PlanView } from "./plan.js";
import { formatTime } from "./units.js";
import { wrapWords } from "./width.js";

/** The part of a plan that is about names, record by record. */
export function renderDomainsDiff(diff: DomainsDiff, { style, columns }: PlanView): string[] {
  const width = Math.min(columns, 160);
  const changing = diff.records.filter(({ action }) => action !== "none");
  const titled = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : ["", style.bold(title), ...lines];
  return [
    style.bold(`${diff.app} in ${diff.environment}`),
    ...(changing.length === 0
      ? []
      : ["", ...changing.flatMap((record) => recordLines(record, { style, columns }))]),
    ...titled(
      "Certificates, routes and the rest",
      diff.changes.map(({ verb, label }) => `  ${verb} ${neutralise(label)}`),
    ),
    ...titled(
      "Beside them, left as they are",
      diff.beside.map(
        (one) =>
          `  ${neutralise(`${one.name} ${one.type} ${one.values.join(", ")}`)} ${style.dim(`(${neutralise(one.owner)})`)}`,
      ),
    ),
    ...titled("Records to make by hand", byHandLines(diff)),
    ...titled(
      "In the way",
      diff.blocks.flatMap(({ message, code, hint }) => [
        ...indented(`${style.red("✖")} ${neutralise(message)} ${style.dim(`(${code})`)}`, width),
        ...(hint === undefined ? [] : indented(neutralise(hint), width)),
      ]),
    ),
    "",
    summary(diff),
  ];
}

/** Lines without an indent: they are meant to be pasted. */
function byHandLines({ byHand }: DomainsDiff): string[] {
  return byHand.flatMap(({ name, type, lines, use }) => {
    if (lines.length > 0) return lines.map((line) => neutralise(line));
    const what = name === undefined ? "a validation record" : `${neutralise(name)} ${type}`;
    return [
      `; ${what}: ${use === "proof" ? "known once the certificate is asked for" : "known after deploying"}`,
    ];
  });
}

function summary({ records, changes, byHand, blocks }: DomainsDiff): string {
  const count = (action: RecordDiff["action"]): number =>
    records.filter((one) => one.action === action).length;
  const parts = [
    [blocks.length, "in the way"],
    [count("create"), "to create"],
    [count("update"), "to update"],
    [count("adopt"), "to adopt"],
    [count("delete"), "to delete"],
    [changes.length, "of certificates, routes and the rest"],
    [byHand.length, "by hand"],
  ] as const;
  const said = parts.flatMap(([number, words]) => (number === 0 ? [] : [`${number} ${words}`]));
  const same = count("none");
  return said.length === 0
    ? `Nothing to change; ${same} unchanged.`
    : `${said.join(", ")}, ${same} unchanged.`;
}

function recordLines(
  { action, name, type, label, before, after }: RecordDiff,
  { style }: PlanView,
): string[] {
  const [sign, colour] = {
    create: ["+", style.green],
    update: ["~", style.yellow],
    adopt: [">", style.yellow],
    delete: ["-", style.red],
    blocked: ["✖", style.red],
    none: ["=", style.dim],
  }[action] as [string, (text: string) => string];
  const subject = name === undefined ? label : `${name} ${type ?? ""}`;
  return [
    `  ${colour(`${sign} ${neutralise(subject).trim()}`)}`,
    ...fieldLines(before, action === "delete" ? undefined : after, action === "delete").map(
      (line) => `      ${style.dim(line)}`,
    ),
  ];
}

/** Field by field, before and after; a new record with what it will say alone. */
function fieldLines(
  before: RecordContent | undefined,
  after: RecordContent | undefined,
  gone: boolean,
): string[] {
  const [from, to] = [fieldsOf(before), fieldsOf(after)];
  if (gone) return Object.entries(from).map(([field, value]) => `${field}: ${value}`);
  if (after === undefined) return ["values: (known after apply)"];
  return Object.keys({ ...from, ...to }).flatMap((field) => {
    const [was, is] = [from[field], to[field]];
    if (before === undefined) return is === undefined ? [] : [`${field}: ${is}`];
    if (is === undefined || was === is) return [];
    return [`${field}: ${was ?? "(absent)"} → ${is}`];
  });
}

function fieldsOf(content: RecordContent | undefined): Record<string, string> {
  if (content === undefined) return {};
  const { values, ttl, extra = {} } = content;
  const more = Object.entries(extra).map(([field, value]) => [field, neutralise(String(value))] as const);
  return {
    values: neutralise(values.join(", ")),
    ...(ttl === undefined ? {} : { TTL: `${ttl} s` }),
    ...Object.fromEntries(more),
  };
}

function indented(text: string, width: number): string[] {
  return wrapWords(text, Math.max(20, width - 4)).map((line, index) =>
    index === 0 ? `  ${line}` : `    ${line}`,
  );
}

/** What putting a copy of a zone back would change. */
export function renderRestore({ zone, provider, copy, records }: ZoneRestore, { style }: PlanView): string[] {
  const head = `${style.bold(zone)} at ${provider}, copy ${neutralise(copy.id)} of ${formatTime(copy.time)}, ${copy.records} records`;
  if (records === undefined) return [head, `${provider} cannot show what the copy holds.`];
  if (records.length === 0) return [head, "The zone is as the copy is: nothing to restore."];
  return [head, "", ...records.flatMap((record) => zoneChangeLines(record, style))];
}

function zoneChangeLines(
  { name, type, before, after }: ZoneRecordChange,
  style: PlanView["style"],
): string[] {
  const subject = `${neutralise(name)} ${type}`;
  const head =
    before === undefined
      ? style.green(`+ ${subject}`)
      : after === undefined
        ? style.red(`- ${subject}`)
        : style.yellow(`~ ${subject}`);
  return [
    `  ${head}`,
    ...fieldLines(before, after, after === undefined).map((line) => `      ${style.dim(line)}`),
  ];
}
