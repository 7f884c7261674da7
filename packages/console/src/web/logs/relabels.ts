/**
 * What this browser's user has said of the levels of a process: kept in the browser, sent with every question about
 * lines, so that filters, counts and the histogram go by it as well as what is shown.
 *
 * @module
 */

import { effect, type Signal, signal } from "@preact/signals";
import { createLevelOf } from "../../shared/level-of.js";
import { LEVELS, type LogEntry, type LogFilter, type Relabel } from "../../shared/log-types.js";
import { safely } from "../preferences.js";

/** More than these are not believed to be somebody's own. */
const MOST = 50;

/** What was said of an environment; survives a reload. */
export function relabelsOf(app: string, environment: string): Signal<readonly Relabel[]> {
  const key = `deploy.relabels.${app}.${environment}`;
  const said = signal<readonly Relabel[]>(
    safely(() => parse(JSON.parse(localStorage.getItem(key) ?? "[]"))) ?? [],
  );
  effect(() => {
    const now = said.value;
    safely(() => {
      if (now.length === 0) localStorage.removeItem(key);
      else localStorage.setItem(key, JSON.stringify(now));
    });
  });
  return said;
}

/** The filter with what was said. */
export function withRelabels(filter: LogFilter, relabels: readonly Relabel[]): LogFilter {
  return relabels.length === 0 ? filter : { ...filter, relabels };
}

/** Lines with the levels that they count as. */
export function relabelled(lines: readonly LogEntry[], filter: LogFilter): readonly LogEntry[] {
  if (filter.relabels === undefined) return lines;
  const levelOf = createLevelOf(filter);
  return lines.map((line) => {
    const level = levelOf(line);
    return level === line.level ? line : { ...line, level };
  });
}

function parse(value: unknown): readonly Relabel[] {
  if (!Array.isArray(value)) return [];
  return value.slice(0, MOST).flatMap((one: unknown) => {
    if (typeof one !== "object" || one === null) return [];
    const { process, from, to } = one as Readonly<Record<string, unknown>>;
    const [known, wanted] = [from, to].map((level) => LEVELS.find((other) => other === level));
    if (typeof process !== "string" || process === "" || known === undefined || wanted === undefined)
      return [];
    return [{ process, from: known, to: wanted }];
  });
}
