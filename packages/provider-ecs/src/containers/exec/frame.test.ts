import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  acknowledgementOf,
  createFrame,
  decodeFrame,
  encodeFrame,
  FrameError,
  readAcknowledgement,
} from "./frame.js";

const frame = {
  type: "output_stream_data",
  sequence: 7,
  flags: 1n,
  id: "00112233-4455-6677-8899-aabbccddeeff",
  payloadType: 1,
  payload: new TextEncoder().encode("hello"),
  createdAt: 1_700_000_000_000,
};

describe("a message of a data channel", () => {
  it("has the layout of the protocol", () => {
    const bytes = Buffer.from(encodeFrame(frame));
    expect(bytes.readUInt32BE(0)).toBe(116);
    expect(bytes.toString("ascii", 4, 36)).toBe("output_stream_data".padEnd(32, " "));
    expect(bytes.readUInt32BE(36)).toBe(1);
    expect(bytes.readBigUInt64BE(40)).toBe(1_700_000_000_000n);
    expect(bytes.readBigInt64BE(48)).toBe(7n);
    expect(bytes.readBigUInt64BE(56)).toBe(1n);
    // The halves of the UUID are swapped.
    expect(bytes.toString("hex", 64, 80)).toBe("8899aabbccddeeff0011223344556677");
    expect(bytes.subarray(80, 112)).toEqual(createHash("sha256").update("hello").digest());
    expect(bytes.readUInt32BE(112)).toBe(1);
    expect(bytes.readUInt32BE(116)).toBe(5);
    expect(bytes.toString("ascii", 120)).toBe("hello");
  });

  it("comes back as it was, whatever it carries", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 4096 }),
        fc.nat(),
        fc.nat({ max: 12 }),
        fc.uuid(),
        (payload, sequence, kind, id) => {
          const sent = { ...frame, payload, sequence, payloadType: kind, id };
          const read = decodeFrame(encodeFrame(sent));
          expect({ ...read, payload: [...read.payload] }).toEqual({ ...sent, payload: [...payload] });
        },
      ),
    );
  });

  it("is refused when it is cut short or damaged, and never misread", () => {
    const whole = encodeFrame(frame);
    for (let length = 0; length < whole.length; length += 1) {
      expect(() => decodeFrame(whole.subarray(0, length))).toThrow(FrameError);
    }
    const damaged = Uint8Array.from(whole);
    damaged[122]! ^= 1;
    expect(() => decodeFrame(damaged)).toThrow(/digest/);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          decodeFrame(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(FrameError);
        }
      }),
    );
  });

  it("is acknowledged by id and sequence", () => {
    const answer = decodeFrame(encodeFrame(acknowledgementOf(frame, 5)));
    expect(answer.type).toBe("acknowledge");
    expect(answer.flags).toBe(3n);
    expect(readAcknowledgement(answer)).toEqual({ id: frame.id, sequence: 7 });
    expect(
      readAcknowledgement(createFrame({ type: "acknowledge", sequence: 0, payload: "no", createdAt: 0 })),
    ).toBeUndefined();
  });
});
