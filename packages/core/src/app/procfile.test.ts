import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DeployError } from "../errors.js";
import { parseProcfile } from "./procfile.js";

function failure(run: () => unknown): DeployError {
  try {
    run();
  } catch (thrown) {
    if (DeployError.is(thrown)) return thrown;
    throw thrown;
  }
  throw new Error("expected a DeployError");
}

const names = (text: string): string[] => parseProcfile(text, "Procfile").entries.map((entry) => entry.name);

describe("parseProcfile", () => {
  it("reads processes, comments, blank lines, BOM and every kind of line end", () => {
    const text =
      "\ufeff# processes\r\nweb:   gunicorn app:app  \r\n\r\n  worker_2:python a.py # kept\rURGENT-1: b\n";
    expect(parseProcfile(text, "Procfile").entries).toEqual([
      { name: "web", command: "gunicorn app:app", line: 2 },
      { name: "worker_2", command: "python a.py # kept", line: 4 },
      { name: "URGENT-1", command: "b", line: 5 },
    ]);
  });

  it("keeps colons and quotes of the command", () => {
    const text = `web: PATH=a:b node . --db 'x://y' && echo "web: z"`;
    expect(parseProcfile(text, "Procfile").entries[0]?.command).toBe(text.slice(5));
  });

  it("takes the last of two lines with one name, and says so", () => {
    const { entries, notes } = parseProcfile("web: a\nworker: b\nweb: c\n", "Procfile");
    expect(entries.map((entry) => [entry.name, entry.command])).toEqual([
      ["web", "c"],
      ["worker", "b"],
    ]);
    expect(notes).toHaveLength(1);
    expect(notes[0]?.message).toBe(
      "Procfile declares web in line 1 and again in line 3: the last one holds, as on Heroku.",
    );
    expect(notes[0]?.location).toEqual({ file: "Procfile", line: 3 });
    expect(parseProcfile("web: a\nweb: a\n", "Procfile").notes).toEqual([]);
  });

  it("reports every bad line, with what is wrong with it", () => {
    const text = "<<<<<<< HEAD\nweb: a\n=======\nworker\nmy app: x\nclock:\n>>>>>>> other\n";
    const error = failure(() => parseProcfile(text, "sub/Procfile"));
    expect(error.code).toBe("config.bad-procfile");
    expect(error.message).toBe("6 things are wrong in sub/Procfile.");
    expect(error.problems.map((problem) => [problem.location?.line, problem.message])).toEqual([
      [1, "Line 1 of sub/Procfile is a mark of a merge conflict."],
      [3, "Line 3 of sub/Procfile is a mark of a merge conflict."],
      [4, "Line 4 of sub/Procfile has no colon."],
      [5, "Line 5 of sub/Procfile does not start with the name of a process and a colon."],
      [6, "Line 6 of sub/Procfile has no command for clock."],
      [7, "Line 7 of sub/Procfile is a mark of a merge conflict."],
    ]);
    expect(error.problems.every((problem) => problem.location?.file === "sub/Procfile")).toBe(true);
    expect(error.problems.every((problem) => problem.hint !== undefined)).toBe(true);
  });

  it("refuses a file without processes", () => {
    for (const text of ["", "\n\n", "# nothing\n", "\ufeff"]) {
      expect(failure(() => parseProcfile(text, "Procfile")).message).toBe("Procfile declares no process.");
    }
  });

  it("reads back what it is given, whatever the commands are", () => {
    const name = fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/);
    const command = fc
      .string({ unit: "binary", minLength: 1, maxLength: 40 })
      .map((text) => text.replace(/[\r\n\0]/g, "").trim())
      .filter((text) => text !== "");
    const lines = fc.uniqueArray(fc.tuple(name, command), {
      selector: ([key]) => key,
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(lines, fc.constantFrom("\n", "\r\n"), (entries, end) => {
        const text = entries.map(([key, value]) => `${key}: ${value}`).join(end);
        const read = parseProcfile(text, "Procfile").entries.map((entry) => [entry.name, entry.command]);
        expect(read).toEqual(entries);
      }),
    );
  });

  it("answers any text with entries or with lines that exist", () => {
    const text = fc.array(
      fc.constantFrom("web", ":", " ", "\n", "\r", "#", "<<<<<<< ", "a", "é", "\0", "\ufeff"),
    );
    fc.assert(
      fc.property(text, (parts) => {
        const content = parts.join("");
        try {
          expect(names(content).length).toBeGreaterThan(0);
        } catch (thrown) {
          if (!DeployError.is(thrown)) throw thrown;
          const count = content.split(/\r\n|\n|\r/).length;
          for (const problem of thrown.problems)
            expect(problem.location?.line ?? 1).toBeLessThanOrEqual(count);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

const corpus = fileURLToPath(new URL("../../../../../shared/corpus/Procfile", import.meta.url));
const isThere = existsSync(corpus);
if (!isThere) console.warn(`Skipped: no Procfiles of real projects at ${corpus}.`);

describe.skipIf(!isThere)("Procfiles of real projects", () => {
  const files = isThere ? readdirSync(corpus).map((project) => `${project}/Procfile`) : [];

  it("reads all but those that nobody could", () => {
    const refused = new Map<string, DeployError>();
    for (const file of files) {
      const text = readFileSync(`${corpus}/${file}`, "utf8");
      try {
        expect(parseProcfile(text, file).entries.length).toBeGreaterThan(0);
      } catch (thrown) {
        if (!DeployError.is(thrown)) throw thrown;
        refused.set(file, thrown);
      }
    }
    expect(files.length - refused.size).toBeGreaterThanOrEqual(Math.ceil(files.length * 0.92));
    for (const [file, error] of refused) {
      expect(error.location?.file).toBe(file);
      expect(error.location?.line).toBeGreaterThan(0);
      expect(error.problems[0]?.message).toMatch(/merge conflict/);
    }
  });
});
