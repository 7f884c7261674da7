import { describe, expect, it } from "vitest";
import type { LogEntry } from "../../shared/log-types.js";
import { type Fold, findFolds } from "./tracebacks.js";

const entries = (text: string, instance = "web.1", first = 1): LogEntry[] =>
  text
    .replace(/^\n/, "")
    .split("\n")
    .map((one, index) => ({
      seq: first + index,
      time: 0,
      process: "web",
      instance,
      stream: "stderr" as const,
      level: "none" as const,
      text: one,
    }));

const folds = (lines: readonly LogEntry[]): Fold[] => [...new Set(findFolds(lines).values())];

const PYTHON = `
Traceback (most recent call last):
  File "/app/views.py", line 12, in show
    return int(value)
           ^^^^^^^^^^
  [Previous line repeated 3 more times]
ValueError: invalid literal for int() with base 10: 'x'`;

describe("tracebacks by their grammar", () => {
  it("Python: from its head to the exception, and not one line more", () => {
    const lines = entries(`before${PYTHON}\nafter`);
    const [fold, ...others] = folds(lines);
    expect(others).toEqual([]);
    expect(fold).toMatchObject({
      language: "python",
      type: "ValueError",
      summary: "ValueError: invalid literal for int() with base 10: 'x'",
    });
    expect(fold!.lines.map((line) => line.seq)).toEqual([2, 3, 4, 5, 6, 7]);
  });

  it("Python: chained exceptions are one, of the type that came out, with the first as its cause", () => {
    const lines = entries(`${PYTHON}

During handling of the above exception, another exception occurred:
${PYTHON.replace("ValueError: invalid literal for int() with base 10: 'x'", "app.errors.NotFound: no such thing")}

plain line`);
    const [fold] = folds(lines);
    expect(fold).toMatchObject({ type: "app.errors.NotFound", cause: expect.stringMatching(/^ValueError/) });
    expect(fold!.lines).toHaveLength(15);
    expect(findFolds(lines).has(lines.at(-1)!)).toBe(false);
    expect(findFolds(lines).has(lines.at(-2)!)).toBe(false);
  });

  it("Python: what a database says under its exception belongs to it", () => {
    const lines = entries(`
Traceback (most recent call last):
  File "/app/db.py", line 1, in f
    q()
sqlalchemy.exc.IntegrityError: (psycopg2.errors.UniqueViolation) duplicate key
DETAIL:  Key (id)=(1) already exists.
[SQL: INSERT INTO t VALUES (1)]
(Background on this error at: https://sqlalche.me/e/20/gkpj)
next`);
    expect(folds(lines)[0]).toMatchObject({ type: "sqlalchemy.exc.IntegrityError" });
    expect(folds(lines)[0]!.lines).toHaveLength(7);
  });

  it("Python: an exception group, with the parts inside", () => {
    const lines = entries(`
  + Exception Group Traceback (most recent call last):
  |   File "/app/x.py", line 9, in <module>
  |     raise ExceptionGroup("many", errors)
  | ExceptionGroup: many (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "/app/x.py", line 3, in f
    | ValueError: one
    +---------------- 2 ----------------
    | TypeError: two
    +------------------------------------
next`);
    expect(folds(lines)[0]).toMatchObject({ type: "ExceptionGroup", cause: "ValueError: one" });
    expect(folds(lines)[0]!.lines).toHaveLength(11);
  });

  it("Node: stack, code and cause in braces", () => {
    const lines = entries(`
Error: cannot connect
    at connect (/app/db.js:10:9)
    at process.processTicksAndRejections (node:internal/process/task_queues:95:5) {
  code: 'ECONNREFUSED',
  [cause]: AggregateError: 
      at internalConnectMultiple (node:net:1114:18) {
    code: 'ECONNREFUSED'
  }
}
listening`);
    expect(folds(lines)[0]).toMatchObject({
      language: "node",
      type: "Error",
      summary: "Error: cannot connect",
    });
    expect(folds(lines)[0]!.lines).toHaveLength(9);
  });

  it("Java: Caused by, Suppressed and frames left out", () => {
    const lines = entries(`
2026-11-22 10:00:00 ERROR [main] c.e.App - java.lang.IllegalStateException: broken
\tat com.example.App.run(App.java:42)
\tat com.example.App.main(App.java:7)
\tSuppressed: java.io.IOException: closing
\t\tat com.example.App.close(App.java:50)
Caused by: java.sql.SQLException: no connection
\tat com.example.Db.open(Db.java:12)
\t... 2 more
next`);
    expect(folds(lines)[0]).toMatchObject({
      language: "java",
      type: "java.lang.IllegalStateException",
      cause: "java.sql.SQLException: no connection",
    });
    expect(folds(lines)[0]!.lines).toHaveLength(8);
  });

  it("of several instances at once, each by itself", () => {
    const one = entries(PYTHON, "web.1", 1);
    const two = entries(PYTHON, "web.2", 100);
    const mixed = one.flatMap((line, index) => [line, two[index]!]);
    const found = folds(mixed);
    expect(found).toHaveLength(2);
    expect(found[0]!.signature).toBe(found[1]!.signature);
    for (const fold of found) expect(new Set(fold.lines.map((line) => line.instance)).size).toBe(1);
  });

  it("is not made of lines that merely look like it", () => {
    for (const text of [
      "    at the end of the day\nnothing",
      "ValueError: alone",
      "Traceback (most recent call last):\nnot a frame",
      "Error rate: 5\n  indented",
      "The Exception proves the rule\n    but no frame",
    ]) {
      expect(folds(entries(text)), text).toEqual([]);
    }
  });

  it("takes linear time for a million characters of hostile text", () => {
    const hostile = entries(
      `${"Traceback (most recent call last):\n".repeat(20_000)}${"    at ".repeat(100_000)}`,
    );
    expect(folds(hostile)).toEqual([]);
  });
});
