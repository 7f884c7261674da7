import { truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { encodeHeader, type Frame } from "./frame.js";
import { openSegment } from "./segment-reader.js";
import { createWorkbench } from "./testing/harness.js";

const bench = createWorkbench();
afterEach(() => bench.remove());

function encode(sequence: number, text: string): Buffer {
  const body = Buffer.from(text);
  const fixed = {
    kind: "lines",
    open: false,
    lineCount: 1,
    time: 0,
    rawFrom: 0,
    rawTo: 0,
    description: "",
  } as const;
  const frame: Frame = { ...fixed, sequence, body };
  return Buffer.concat([encodeHeader(frame), body]);
}

test("what a crash left half written is read again after it was written anew", async () => {
  const folder = dirname(bench.source("run-1").stdout);
  const name = { file: "segment", sequence: 0, time: 0, epoch: "e" };
  const path = join(folder, name.file);
  const first = encode(0, "one\n");
  writeFileSync(path, Buffer.concat([first, encode(1, "torn, and longer than the next\n").subarray(0, 70)]));
  const reader = (await openSegment(folder, name))!;
  expect((await reader.next())?.frame.body.toString()).toBe("one\n");
  expect(await reader.next()).toBeUndefined();
  truncateSync(path, first.length);
  writeFileSync(path, Buffer.concat([encode(1, "two\n"), encode(2, "three\n")]), { flag: "a" });
  expect(await reader.next()).toMatchObject({ skipped: 0, frame: { sequence: 1 } });
  expect(await reader.next()).toMatchObject({ skipped: 0, frame: { sequence: 2 } });
  await reader.close();
});
