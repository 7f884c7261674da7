import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { markExit } from "./exit-marker.js";

function run(command: string | readonly string[]): Buffer {
  return execFileSync("sh", ["-c", markExit(command, "nonce").line]);
}

function read(bytes: Uint8Array, cuts: readonly number[] = []): { text: string; code: number | undefined } {
  const filter = markExit("", "nonce").filter();
  const places = [0, ...[...cuts].map((one) => one % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  const pieces = places.slice(1).map((end, index) => filter.push(bytes.subarray(places[index], end)));
  return { text: Buffer.concat([...pieces, filter.end()]).toString(), code: filter.exitCode() };
}

describe("the exit marker", () => {
  it.each([
    ["exit 0", "", 0],
    ["printf 'no newline'; exit 42", "no newline", 42],
    ["kill -9 $$", "", 137],
    ["echo 'it'\\''s'", "it's\n", 0],
    ["false; printf '\\357\\277\\277deploy-exit-other:0\\n'; exit 3", "\uFFFFdeploy-exit-other:0\n", 3],
  ])("%s", (command, text, code) => expect(read(run(command))).toEqual({ text, code }));

  it("takes an array as it is", () => {
    expect(read(run(["printf", "%s|", "a b", "$HOME", "it's"]))).toEqual({
      text: "a b|$HOME|it's|",
      code: 0,
    });
  });
  it("is found however the bytes are cut, and nothing of the output is lost", () => {
    const bytes = run("printf 'ab\\357\\277'; printf 'grüße\\n'; exit 7");
    const whole = read(bytes);
    expect(whole.code).toBe(7);
    fc.assert(
      fc.property(fc.array(fc.nat(200)), (cuts) => {
        expect(read(bytes, cuts)).toEqual(whole);
      }),
    );
  });
  it("is unknown when it is missing, or when its line was cut", () => {
    const bytes = run("echo x; exit 127");
    for (let end = bytes.length - 1; end >= 0; end -= 1)
      expect(read(bytes.subarray(0, end)).code).toBeUndefined();
  });
});
