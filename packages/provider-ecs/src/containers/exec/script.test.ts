import { spawn, spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createMarkReader, execScript, shellText } from "./script.js";

const nonce = "a1b2c3";

/** Runs the line as an agent does, by a shell, with pipes in place of a terminal. */
function run(line: string, input = ""): { readonly shown: string; readonly code: number | undefined } {
  const { stdout } = spawnSync("sh", ["-c", line], { input });
  const reader = createMarkReader(nonce, "capture");
  const shown = Buffer.concat([reader.push(stdout), reader.rest()]).toString();
  return { shown, code: reader.exitCode };
}

const capture = { nonce, mode: "capture", withInput: false, env: {} } as const;

describe("a command inside an instance", () => {
  it("tells its output and its true exit code", () => {
    expect(run(execScript({ ...capture, command: "echo inside; exit 5" }))).toEqual({
      shown: "inside\n",
      code: 5,
    });
    expect(run(execScript({ ...capture, command: ["printf", "%s|", "a b", "it's", "$HOME;"] }))).toEqual({
      shown: "a b|it's|$HOME;|",
      code: 0,
    });
  });

  it("tells 128 and the signal for a command that kills itself", () => {
    expect(run(execScript({ ...capture, command: "kill -9 $$" })).code).toBe(137);
  });

  it("reads its input as bytes, and gets extra environment", () => {
    const line = execScript({
      ...capture,
      withInput: true,
      env: { OWN: "it's own" },
      command: 'cat; printf "%s" "$OWN"',
    });
    const input = `${Buffer.from("typed\u0000in").toString("base64")}\n${nonce}\n`;
    expect(run(line, input)).toEqual({ shown: "typed\u0000init's own", code: 0 });
  });

  it("reads what is typed piece by piece, each at once", () => {
    const line = execScript({ ...capture, withInput: "live", command: "cat" });
    const pieces = ["a", "bc\u0000", "def\n"].map((piece) => Buffer.from(piece).toString("base64"));
    expect(run(line, `${pieces.join("\n")}\n${nonce}\n`)).toEqual({ shown: "abc\u0000def\n", code: 0 });
  });

  it("tells the end of a command although nobody types any more", async () => {
    const line = execScript({
      ...capture,
      withInput: "live",
      command: "read -r word; echo got $word; exit 7",
    });
    const child = spawn("sh", ["-c", line], { stdio: ["pipe", "pipe", "inherit"] });
    child.stdin.write(`${Buffer.from("it\n").toString("base64")}\n`);
    const reader = createMarkReader(nonce, "capture");
    let shown = "";
    for await (const data of child.stdout) {
      shown += Buffer.from(reader.push(data)).toString();
      if (reader.exitCode !== undefined) break;
    }
    expect([shown, reader.exitCode]).toEqual(["got it\n", 7]);
    child.kill();
  });

  it("hands over any words unchanged", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: "grapheme-ascii", maxLength: 20 }), { minLength: 1, maxLength: 4 }),
        (words) => {
          const { stdout } = spawnSync("sh", ["-c", shellText(["printf", "%s\\0", ...words])]);
          expect(stdout.toString().split("\0").slice(0, -1)).toEqual(words);
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe("the reader of marks", () => {
  it("finds the end however the output is cut, and shows all the rest", () => {
    const text = `noise\u001b]deploy;${nonce};start\u0007body \u001b[31mred\u001b[0m \u001b]deploy;other;1\u0007 ü\u001b]deploy;${nonce};42\u0007after`;
    const bytes = Buffer.from(text);
    for (let size = 1; size <= bytes.length; size += 1) {
      const reader = createMarkReader(nonce, "capture");
      const shown: Uint8Array[] = [];
      for (let at = 0; at < bytes.length; at += size) shown.push(reader.push(bytes.subarray(at, at + size)));
      expect(Buffer.concat(shown).toString()).toBe(
        "body \u001b[31mred\u001b[0m \u001b]deploy;other;1\u0007 ü",
      );
      expect(reader.exitCode).toBe(42);
    }
  });

  it("holds nothing back but what may be a mark", () => {
    const reader = createMarkReader(nonce, "inherit");
    expect(Buffer.from(reader.push(Buffer.from("$ "))).toString()).toBe("$ ");
    expect(Buffer.from(reader.push(Buffer.from("\u001b[2J"))).toString()).toBe("\u001b[2J");
    expect(Buffer.from(reader.push(Buffer.from("x\u001b]dep"))).toString()).toBe("x");
    expect(Buffer.from(reader.rest()).toString()).toBe("\u001b]dep");
    expect(reader.exitCode).toBeUndefined();
  });
});
