import { createHash, randomUUID } from "node:crypto";

/** Kinds of message on a session's data channel. */
export type MessageType =
  | "input_stream_data"
  | "output_stream_data"
  | "acknowledge"
  | "channel_closed"
  | "start_publication"
  | "pause_publication"
  | (string & {});

/** What the payload of a message is; the numbers are the protocol's. */
export const payloadType = {
  none: 0,
  output: 1,
  error: 2,
  size: 3,
  handshakeRequest: 5,
  handshakeResponse: 6,
  handshakeComplete: 7,
  flag: 10,
  stderr: 11,
  exitCode: 12,
} as const;

/** Bits of {@link Frame.flags}: the first and the last message of a stream. */
const flagBits = { first: 1n, last: 2n } as const;

/** Payload of a `flag` message which ends the session, as the protocol numbers it. */
export const terminateSession = 2;

/** One message of a data channel. */
export interface Frame {
  readonly type: MessageType;
  /** Counts the messages of one direction, from 0. */
  readonly sequence: number;
  readonly flags: bigint;
  /** A UUID. */
  readonly id: string;
  readonly payloadType: number;
  readonly payload: Uint8Array;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

/** Bytes before the payload's length; what the first four bytes say. */
const headerLength = 116;
/** Bytes before the payload. */
const payloadOffset = headerLength + 4;
const typeLength = 32;
const schemaVersion = 1;

/**
 * A message as bytes.
 *
 * Layout, big-endian: header length u32, type 32 bytes padded with spaces, schema version u32, created u64, sequence
 * i64, flags u64, id 16 bytes with its halves swapped, SHA-256 of the payload, payload type u32, payload length u32,
 * payload. Source: the reference clients (aws/session-manager-plugin, mmmorris1975/ssm-session-client); AWS publishes
 * no document.
 */
export function encodeFrame(frame: Frame): Uint8Array {
  const bytes = Buffer.alloc(payloadOffset + frame.payload.byteLength);
  bytes.writeUInt32BE(headerLength, 0);
  bytes.fill(" ", 4, 4 + typeLength, "ascii");
  bytes.write(frame.type.slice(0, typeLength), 4, "ascii");
  bytes.writeUInt32BE(schemaVersion, 36);
  bytes.writeBigUInt64BE(BigInt(frame.createdAt), 40);
  bytes.writeBigInt64BE(BigInt(frame.sequence), 48);
  bytes.writeBigUInt64BE(frame.flags, 56);
  const id = Buffer.from(frame.id.replaceAll("-", ""), "hex");
  id.copy(bytes, 64, 8, 16);
  id.copy(bytes, 72, 0, 8);
  digest(frame.payload).copy(bytes, 80);
  bytes.writeUInt32BE(frame.payloadType, 112);
  bytes.writeUInt32BE(frame.payload.byteLength, headerLength);
  bytes.set(frame.payload, payloadOffset);
  return bytes;
}

/** Why bytes are no message. */
export class FrameError extends Error {
  override readonly name = "FrameError";
}

/**
 * The message in these bytes.
 *
 * @throws {@link FrameError} when they are cut short, or the payload is not what its digest says.
 */
export function decodeFrame(data: Uint8Array): Frame {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (bytes.length < payloadOffset) throw new FrameError(`a message of ${bytes.length} bytes has no header`);
  // A longer header is one of a later schema, whose additions stand behind what is known.
  const header = bytes.readUInt32BE(0);
  if (header < headerLength || header + 4 > bytes.length)
    throw new FrameError(`a header cannot have ${header} bytes`);
  const length = bytes.readUInt32BE(header);
  const payload = bytes.subarray(header + 4, header + 4 + length);
  if (payload.length !== length) throw new FrameError(`the payload has ${payload.length} of ${length} bytes`);
  if (length > 0 && !digest(payload).equals(bytes.subarray(80, 112))) {
    throw new FrameError("the payload is not what its digest says");
  }
  const sequence = bytes.readBigInt64BE(48);
  if (sequence < 0n || sequence > BigInt(Number.MAX_SAFE_INTEGER))
    throw new FrameError("the sequence is no count");
  return {
    // Padded with spaces by the agent, with zeros by older ones.
    type: bytes.toString("latin1", 4, 4 + typeLength).replace(/[\s\0]+$/, ""),
    createdAt: Number(bytes.readBigUInt64BE(40)),
    sequence: Number(sequence),
    flags: bytes.readBigUInt64BE(56),
    id: uuidOf(Buffer.concat([bytes.subarray(72, 80), bytes.subarray(64, 72)])),
    payloadType: bytes.readUInt32BE(112),
    payload,
  };
}

/** A new message with an id of its own. */
export function createFrame(input: {
  readonly type: MessageType;
  readonly sequence: number;
  readonly payload: Uint8Array | string;
  readonly createdAt: number;
  readonly payloadType?: number;
  readonly flags?: bigint;
}): Frame {
  const { payload } = input;
  return {
    type: input.type,
    sequence: input.sequence,
    flags: input.flags ?? 0n,
    id: randomUUID(),
    payloadType: input.payloadType ?? payloadType.none,
    payload: typeof payload === "string" ? new TextEncoder().encode(payload) : payload,
    createdAt: input.createdAt,
  };
}

/** What an acknowledgement says it has received. */
export interface Acknowledgement {
  readonly id: string;
  readonly sequence: number;
}

/** The message that acknowledges `frame`. */
export function acknowledgementOf(frame: Frame, now: number): Frame {
  const payload = JSON.stringify({
    AcknowledgedMessageType: frame.type,
    AcknowledgedMessageId: frame.id,
    AcknowledgedMessageSequenceNumber: frame.sequence,
    IsSequentialMessage: true,
  });
  const flags = flagBits.first | flagBits.last;
  return createFrame({ type: "acknowledge", sequence: 0, payload, flags, createdAt: now });
}

/** What an `acknowledge` message is about; undefined when it makes no sense. */
export function readAcknowledgement(frame: Frame): Acknowledgement | undefined {
  const said = parseJson(frame.payload);
  const id = said?.AcknowledgedMessageId;
  const sequence = said?.AcknowledgedMessageSequenceNumber;
  if (typeof id !== "string" || typeof sequence !== "number") return undefined;
  return { id, sequence };
}

/** A payload as a JSON object; undefined when it is none. */
export function parseJson(payload: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(payload));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function digest(payload: Uint8Array): Buffer {
  return createHash("sha256").update(payload).digest();
}

function uuidOf(bytes: Buffer): string {
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
