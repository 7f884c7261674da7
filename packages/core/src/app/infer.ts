import type { Problem } from "../errors.js";
import { inferBuild, suggestAddons } from "./infer-build.js";
import { asName, reservedProcessNames } from "./names.js";
import { badProcfile, type ProcfileEntry, parseProcfile } from "./procfile.js";
import type { App, ProcessInput } from "./types.js";

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

/** An app inferred from a directory, and what was inferred or is suggested, a sentence each. */
export interface InferredApp {
  readonly app: App;
  readonly inferred: readonly string[];
}

/**
 * The app of a directory that has a Procfile and no configuration.
 *
 * Only what is certain is declared: processes, release command and how to build it. What is likely (an add-on for a
 * driver that is asked for) is suggested in `inferred`.
 *
 * @throws `config.bad-procfile`
 */
export function appFromProcfile(input: ProcfileInput): InferredApp {
  const { entries, notes } = parseProcfile(input.text, input.file);
  const inferred: string[] = [];
  const name = appName(input.directoryName);
  inferred.push(`The app is called ${name}, after its directory.`);
  const release = entries.find((entry) => entry.name === "release");
  if (release !== undefined) inferred.push(`The release command is line ${release.line} of ${input.file}.`);
  const processes = processesOf(
    entries.filter((entry) => entry !== release),
    input.file,
    inferred,
  );
  const build = inferBuild(input.files);
  inferred.push(...build.reasons, ...notes.map((note) => note.message));
  inferred.push(...entries.flatMap((entry) => fixedPort(entry)), ...suggestAddons(input.files));
  return {
    app: {
      "deploy.app": 1,
      name,
      processes,
      ...(build.command === undefined ? {} : { build: { command: build.command } }),
      ...(release === undefined ? {} : { release: release.command }),
    },
    inferred,
  };
}

function appName(directory: string): string {
  const name = asName(directory, 30);
  return name === undefined || name.length < 2 ? "app" : name;
}

function processesOf(
  entries: readonly ProcfileEntry[],
  file: string,
  inferred: string[],
): Readonly<Record<string, ProcessInput>> {
  const problems: Problem[] = [];
  const processes = new Map<string, ProcessInput>();
  for (const entry of entries) {
    const location = { file, line: entry.line };
    const name = asName(entry.name, 30);
    if (name === undefined || reservedProcessNames.includes(name)) {
      const message = `Line ${entry.line} of ${file}: no process can be called "${entry.name}".`;
      problems.push({
        message,
        hint: "Rename it: start with a letter, and with a name of its own.",
        location,
      });
    } else if (processes.has(name)) {
      const message = `Line ${entry.line} of ${file}: "${entry.name}" becomes ${name}, and so does another process.`;
      problems.push({ message, hint: "Rename one of them.", location });
    } else {
      if (name !== entry.name) inferred.push(`The process ${entry.name} is called ${name} here.`);
      processes.set(name, { command: entry.command });
    }
  }
  if (problems.length === 0 && processes.size === 0) {
    const message = `${file} declares a release command, and no process.`;
    problems.push({ message, hint: 'Add one, such as "web: python app.py".', location: { file } });
  }
  if (problems.length > 0) throw badProcfile(problems, file);
  return Object.fromEntries(processes);
}

const portPattern = /(?:--port[= ]|(?:^|\s)-p ?|(?:--bind|(?:^|\s)-b)[= ]?\S*:)(\d{2,5})\b/;

/** A port that was written down, where the platform chooses one. */
function fixedPort({ name, command, line }: ProcfileEntry): readonly string[] {
  const port = portPattern.exec(command)?.[1];
  if (name !== "web" || port === undefined || /\$\{?PORT\b/.test(command)) return [];
  return [`web seems to listen on port ${port}, whatever PORT says: write $PORT instead in line ${line}.`];
}
