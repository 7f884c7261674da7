import { DeployError, type Problem } from "../errors.js";

/** One line of a Procfile. */
export interface ProcfileEntry {
  /** As written: letters of both cases, digits, `-` and `_`. */
  readonly name: string;
  readonly command: string;
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

/** A byte order mark counts as space, in JavaScript and so here. */
const linePattern = /^\s*([A-Za-z0-9_-]{1,128}):\s*(.*?)\s*$/;

/**
 * Reads a Procfile: `name: command` lines, comments and blank lines.
 *
 * Heroku passes over lines that it cannot read; here they are refused, because a process would be missing.
 *
 * @throws `config.bad-procfile` with every bad line in `problems`.
 */
export function parseProcfile(text: string, file: string): Procfile {
  const entries = new Map<string, ProcfileEntry>();
  const notes: Problem[] = [];
  const problems: Problem[] = [];
  for (const [index, content] of text
    .replace(/^\ufeff/, "")
    .split(/\r\n|\n|\r/)
    .entries()) {
    const line = index + 1;
    if (/^\s*(?:#|$)/.test(content)) continue;
    const [, name, command = ""] = linePattern.exec(content) ?? [];
    if (name === undefined || command === "" || command.includes("\0")) {
      problems.push({ ...faultOf(content, file, line), location: { file, line } });
      continue;
    }
    const earlier = entries.get(name);
    if (earlier !== undefined && earlier.command !== command) {
      notes.push({
        message: `${file} declares ${name} in line ${earlier.line} and again in line ${line}: the last one holds, as on Heroku.`,
        hint: `Remove one of them, or rename it; two commands in a row are "first && second".`,
        location: { file, line },
      });
    }
    entries.set(name, { name, command, line });
  }
  if (problems.length === 0 && entries.size === 0) {
    const hint = 'Write one process per line, such as "web: python app.py".';
    problems.push({ message: `${file} declares no process.`, hint, location: { file } });
  }
  if (problems.length > 0) throw badProcfile(problems, file);
  return { entries: [...entries.values()], notes };
}

function faultOf(content: string, file: string, line: number): { message: string; hint: string } {
  const place = `Line ${line} of ${file}`;
  if (/^(?:<{7}|={7}|>{7}|\|{7})(?:\s|$)/.test(content)) {
    return {
      message: `${place} is a mark of a merge conflict.`,
      hint: "Resolve the conflict and commit the result.",
    };
  }
  const named = linePattern.exec(content);
  if (named?.[2] === "") {
    return {
      message: `${place} has no command for ${named[1]}.`,
      hint: `Write "${named[1]}: python app.py", say.`,
    };
  }
  if (content.includes("\0")) return { message: `${place} has a NUL character in it.`, hint: "Remove it." };
  if (!content.includes(":")) {
    return { message: `${place} has no colon.`, hint: 'Write "name: command", in one line.' };
  }
  return {
    message: `${place} does not start with the name of a process and a colon.`,
    hint: "A name is letters, digits, hyphens and underscores, 128 at most.",
  };
}

/** An error of several problems of one Procfile. */
export function badProcfile(problems: readonly Problem[], file: string): DeployError {
  const [first] = problems as readonly [Problem];
  const only = problems.length === 1;
  const hint = only ? first.hint : "Each of them says what to do.";
  return new DeployError({
    code: "config.bad-procfile",
    message: only ? first.message : `${problems.length} things are wrong in ${file}.`,
    ...(hint === undefined ? {} : { hint }),
    ...(first.location === undefined ? {} : { location: first.location }),
    problems,
  });
}
