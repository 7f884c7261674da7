import { DeployError, type Problem } from "../errors.js";
import type { App, Command } from "./types.js";

/** One line of a Procfile. */
export interface ProcfileEntry {
  /** As written: letters of both cases, digits, `-` and `_`. */
  readonly name: string;
  readonly command: Command;
  /** 1-based. */
  readonly line: number;
}

/** A Procfile, read. */
export interface Procfile {
  /** One per name; of a name that is there twice the last line holds, as on Heroku. */
  readonly entries: readonly ProcfileEntry[];
  /** What was accepted but is worth a look: names that are there twice. */
  readonly notes: readonly Problem[];
}

/** What an app is inferred from. */
export interface ProcfileInput {
  readonly text: string;
  /** For messages, such as `Procfile`. */
  readonly file: string;
  /** The last part of the directory's path: what the app is named after. */
  readonly directoryName: string;
  /** Contents by name of those of {@link procfileCompanions} which are there; of lock files the name alone is read. */
  readonly files: Readonly<Record<string, string>>;
}

/** An app inferred from a directory, and what was inferred, a sentence each. */
export interface InferredApp {
  readonly app: App;
  readonly inferred: readonly string[];
}

/** The files beside a Procfile that an app is inferred from. */
export const procfileCompanions: readonly string[] = [
  "package.json",
  "package-lock.json",
  "requirements.txt",
];

/**
 * Reads a Procfile: `name: command` lines, comments and blank lines.
 *
 * @throws `config.bad-procfile` with every bad line in `problems`.
 */
export function parseProcfile(_text: string, file: string): Procfile {
  throw new DeployError({ code: "config.bad-procfile", message: `${file} declares no process.` });
}

/**
 * The app of a directory that has a Procfile and no configuration.
 *
 * @throws `config.bad-procfile`
 */
export function appFromProcfile(input: ProcfileInput): InferredApp {
  parseProcfile(input.text, input.file);
  return { app: { "deploy.app": 1, name: input.directoryName, processes: {} }, inferred: [] };
}
