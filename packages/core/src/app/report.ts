import type { Problem } from "../errors.js";
import { locate } from "./locate.js";

/** The way from the top of a declaration to one place in it: keys, and indices as text. */
export type Path = readonly string[];

/** Collects what is wrong with a declaration, and what is only worth knowing. */
export interface Report {
  readonly problems: Problem[];
  readonly notes: Problem[];
  /** Adds a problem: the app cannot be deployed like this. */
  problem(path: Path, message: string, hint?: string): void;
  /** Adds a warning. */
  note(path: Path, message: string, hint?: string): void;
}

/** What stands for the file where there is none: a declaration that was made by a program. */
export const noFile = "defineApp";

/** An empty report on a declaration that was read from `source`. */
export function createReport(source?: { readonly file: string; readonly text: string }): Report {
  const problems: Problem[] = [];
  const notes: Problem[] = [];
  const entry = (path: Path, message: string, hint?: string): Problem => {
    const line = source === undefined ? undefined : locate(source.text, source.file, path);
    return {
      message,
      ...(hint === undefined ? {} : { hint }),
      location: {
        file: source?.file ?? noFile,
        ...(line === undefined ? {} : { line }),
        ...(path.length === 0 ? {} : { path: formatPath(path) }),
      },
    };
  };
  return {
    problems,
    notes,
    problem: (path, message, hint) => void problems.push(entry(path, message, hint)),
    note: (path, message, hint) => void notes.push(entry(path, message, hint)),
  };
}

/** A path as one would write it in TypeScript: `environments.production.domains["example.org"]`. */
export function formatPath(path: Path): string {
  return path.reduce((text, key) => {
    if (/^\d+$/.test(key)) return `${text}[${key}]`;
    if (!/^[A-Za-z_$][\w$]*$/.test(key)) return `${text}[${JSON.stringify(key)}]`;
    return text === "" ? key : `${text}.${key}`;
  }, "");
}
