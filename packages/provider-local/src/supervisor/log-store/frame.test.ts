import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeHeader, type Frame } from "./frame.js";
import { createFrameScanner, type FrameScanner } from "./frame-scanner.js";

const frames: fc.Arbitrary<Frame> = fc.record({
  kind: fc.constantFrom("lines" as const, "checkpoint" as const, "snapshot" as const),
  open: fc.boolean(),
  lineCount: fc.nat(1000),
  sequence: fc.nat(),
  time: fc.nat(),
  rawFrom: fc.nat(),
  rawTo: fc.nat(),
  description: fc.string({ unit: "binary" }).map((text) => text.replaceAll("\0", "")),
  body: fc.uint8Array({ max: 255, maxLength: 3000 }).map((bytes) => Buffer.from(bytes)),
});

function scan(
  scanner: FrameScanner,
  bytes: Buffer,
  sizes: readonly number[],
): Array<{ frame: Frame; skipped: number }> {
  const found: Array<{ frame: Frame; skipped: number }> = [];
  for (let from = 0, turn = 0; from < bytes.length; turn++) {
    const size = Math.min(sizes[turn % sizes.length] ?? 1, bytes.length - from);
    bytes.copy(scanner.room(), 0, from, from + size);
    scanner.fill(size);
    from += size;
    for (let next = scanner.next(); next !== undefined; next = scanner.next()) {
      found.push({ ...next, frame: { ...next.frame, body: Buffer.from(next.frame.body) } });
    }
  }
  return found;
}

const sizes = fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 8 });
const encode = (frame: Frame): Buffer => Buffer.concat([encodeHeader(frame), frame.body]);

test("whatever the frames and however the file is cut, the same frames come back", () => {
  fc.assert(
    fc.property(fc.array(frames, { maxLength: 8 }), sizes, (written, cuts) => {
      const found = scan(createFrameScanner(), Buffer.concat(written.map(encode)), cuts);
      expect(found.map(({ frame }) => frame)).toEqual(written);
      expect(found.every(({ skipped }) => skipped === 0)).toBe(true);
    }),
    { numRuns: 150 },
  );
});

test("a torn tail is not taken for a frame, and the sound end is before it", () => {
  fc.assert(
    fc.property(fc.array(frames, { maxLength: 3 }), frames, fc.nat(), sizes, (written, torn, at, cuts) => {
      const sound = Buffer.concat(written.map(encode));
      const last = encode(torn);
      const scanner = createFrameScanner();
      const found = scan(scanner, Buffer.concat([sound, last.subarray(0, at % last.length)]), cuts);
      expect(found.map(({ frame }) => frame)).toEqual(written);
      expect(scanner.soundEnd()).toBe(sound.length);
    }),
    { numRuns: 150 },
  );
});

test("garbage between frames is passed over, and its length told", () => {
  const garbage = fc.uint8Array({ minLength: 1, maxLength: 6000 }).map((bytes) => Buffer.from(bytes));
  const text = frames.map((frame) => ({ ...frame, body: Buffer.from(frame.body.map((byte) => byte || 1)) }));
  fc.assert(
    fc.property(text, garbage, text, sizes, (before, damage, after, cuts) => {
      const bytes = Buffer.concat([encode(before), damage, encode(after)]);
      const found = scan(createFrameScanner(), bytes, cuts);
      expect(found.map(({ frame }) => frame)).toEqual([before, after]);
      expect(found[1]?.skipped).toBe(damage.length);
    }),
    { numRuns: 150 },
  );
});

test("one changed byte anywhere costs its own frame only", () => {
  fc.assert(
    fc.property(frames, fc.nat(), fc.integer({ min: 1, max: 255 }), (frame, at, change) => {
      const good = { ...frame, body: Buffer.from("after\n") };
      const bytes = encode(frame);
      bytes[at % bytes.length] = bytes[at % bytes.length]! ^ change;
      const found = scan(createFrameScanner(), Buffer.concat([bytes, encode(good)]), [4096]);
      expect(found.at(-1)?.frame).toEqual(good);
      expect(found.length).toBe(1);
    }),
    { numRuns: 300 },
  );
});
