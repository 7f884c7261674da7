import { describe, expect, it } from "vitest";
import { createFlags, parseDuration, parseMoment } from "../src/flags.js";
import { fastAnswer } from "../src/help.js";
import { LOADERS } from "../src/loaders.js";
import { parseLine } from "../src/parse.js";
import { editDistance, nearest } from "../src/suggest.js";
import { COMMANDS } from "../src/table/index.js";

const failure = (line: string): { code: string; message: string; hint?: string } => {
  try {
    parseLine(line.split(" "));
  } catch (error) {
    return error as { code: string; message: string; hint?: string };
  }
  throw new Error("it was accepted");
};

describe("a command line", () => {
  it("is taken apart by the table, flags before and after the command", () => {
    const { command, words, values } = parseLine([
      "-e",
      "staging",
      "logs",
      "web",
      "-f",
      "--since=10m",
      "worker",
    ]);
    expect(command.name).toBe("logs");
    expect(words).toEqual(["web", "worker"]);
    expect(values).toMatchObject({ environment: "staging", follow: true, since: "10m" });
  });

  it("takes --no-input for a switch of its own", () => {
    expect(createFlags(parseLine(["up", "--no-input"]).values).has("no-input")).toBe(true);
  });

  it("keeps every value of a repeated flag", () => {
    const flags = createFlags(
      parseLine(["up", "--adopt", "a", "--adopt", "b", "--delete-data", "db, x", "--delete-data", "y"])
        .values,
    );
    expect(flags.list("adopt")).toEqual(["a", "b"]);
    expect(flags.names("delete-data")).toEqual(["db", "x", "y"]);
  });

  it.each([
    [
      ["run", "--", "ls", "-la", "--json"],
      ["ls", "-la", "--json"],
    ],
    [
      ["run", "ls", "-la", "--json"],
      ["ls", "-la", "--json"],
    ],
    [
      ["run", "--process", "worker", "ls", "--help"],
      ["ls", "--help"],
    ],
    [
      ["run", "--", "a", "--", "b"],
      ["a", "--", "b"],
    ],
    [["exec", "--instance=web.2", "sh"], ["sh"]],
  ])("leaves the flags of another program alone: %j", (line, words) => {
    expect(parseLine(line).words).toEqual(words);
    expect(createFlags(parseLine(line).values).has("json")).toBe(false);
  });

  it("says what was probably meant", () => {
    expect(failure("lgos")).toMatchObject({
      code: "usage.unknown-command",
      hint: "Did you mean `deploy logs`?",
    });
    expect(failure("secrets sett")).toMatchObject({ hint: "Did you mean `deploy secrets set`?" });
    expect(failure("up --forse")).toMatchObject({
      code: "usage.unknown-flag",
      hint: "Did you mean --force?",
    });
    expect(failure("zzzzzz")).toMatchObject({ hint: "Run `deploy help` for the list." });
  });

  it("says what is missing or too much, and never repeats a word that may be a secret", () => {
    expect(failure("scale").message).toContain("<process=number>");
    expect(failure("promote staging").message).toContain("<to>");
    expect(failure("logs --since").message).toBe("--since needs a value.");
    expect(failure("up --force=yes").message).toBe("--force takes no value.");
    expect(failure("secrets set NAME hunter2").message).not.toContain("hunter2");
  });
});

describe("help", () => {
  it("is answered without loading anything, for each command, in 80 columns", () => {
    for (const { name } of COMMANDS) {
      const text = fastAnswer(["help", ...name.split(" ")]) ?? "";
      expect(text).toContain(`Usage: deploy ${name}`);
      expect(text.split("\n").filter((line) => !line.startsWith("  ") && line.length > 120)).toEqual([]);
    }
    expect(
      fastAnswer([])
        ?.split("\n")
        .filter((line) => line.length > 80),
    ).toEqual([]);
    expect(fastAnswer(["--version"])).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(fastAnswer(["secrets", "--help"])).toContain("deploy secrets <command>");
  });

  it("belongs to the other program behind run", () => {
    expect(fastAnswer(["run", "ls", "--help"])).toBeUndefined();
    expect(fastAnswer(["run", "--", "ls", "--help"])).toBeUndefined();
    expect(fastAnswer(["run", "--help"])).toContain("Usage: deploy run");
  });

  it("names no command that cannot be loaded", async () => {
    expect(Object.keys(LOADERS).sort()).toEqual(COMMANDS.map(({ name }) => name).sort());
    for (const load of Object.values(LOADERS)) expect(await load()).toHaveProperty("run");
  });
});

describe("values", () => {
  it("reads lengths of time", () => {
    expect(["500ms", "60s", "60", "10m", "1.5 h", "2d"].map((text) => parseDuration(text, "x"))).toEqual([
      500, 60_000, 60_000, 600_000, 5_400_000, 172_800_000,
    ]);
    for (const text of ["", "m", "10 weeks", "-1s"])
      expect(() => parseDuration(text, "--since")).toThrow("--since");
  });

  it("reads moments", () => {
    expect(parseMoment("10m", "x", 600_000).getTime()).toBe(0);
    expect(parseMoment("2026-01-31T12:00:00Z", "x").toISOString()).toBe("2026-01-31T12:00:00.000Z");
    for (const text of ["12", "yesterday", "2026-13-45"])
      expect(() => parseMoment(text, "--until")).toThrow("--until");
  });

  it("finds the nearest word", () => {
    expect(editDistance("kitten", "sitting")).toBe(3);
    expect(editDistance("lgos", "logs")).toBe(1);
    expect(nearest("rolback", ["rollback", "releases"])).toBe("rollback");
    expect(nearest("xyz", ["rollback", "releases"])).toBeUndefined();
  });
});
