import type { DnsRecordType } from "./traffic.js";

/** Types of record that can be asked for: what core plans, and where a zone begins. */
export type QuestionType = Exclude<DnsRecordType, "ALIAS"> | "SOA";

/** One record of an answer. Everything in it came over the network: control characters are escaped, nothing else is promised. */
export interface AnsweredRecord {
  /** Lower case, without the last dot. */
  readonly name: string;
  readonly type: QuestionType;
  /** Seconds. */
  readonly ttl: number;
  /** As a zone file spells it: `10 mail.example.org`, `"v=spf1 -all"`; of an SOA the serial alone. */
  readonly value: string;
}

/** What a name server answered. */
export interface DnsMessage {
  readonly id: number;
  readonly isResponse: boolean;
  /** The server answers from a zone of its own. */
  readonly authoritative: boolean;
  readonly truncated: boolean;
  /** `NOERROR`, `NXDOMAIN`, `REFUSED`, …; `CODE11` for what has no name here. */
  readonly code: string;
  readonly question?: { readonly name: string; readonly type: number };
  readonly answers: readonly AnsweredRecord[];
  readonly authority: readonly AnsweredRecord[];
  readonly additional: readonly AnsweredRecord[];
}

/** Numbers of types: RFC 1035, RFC 3596, RFC 2782, RFC 8659. */
const typeNumbers: Readonly<Record<QuestionType, number>> = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  CAA: 257,
};
const typeNames = new Map(
  Object.entries(typeNumbers).map(([name, number]) => [number, name as QuestionType]),
);

/** RFC 1035, section 4.1.1, and RFC 6895. */
const codes = ["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"];

const classInternet = 1;
const headerBytes = 12;
/** A name has 255 bytes at most, so that it cannot have more labels than this: RFC 1035, section 2.3.4. */
const mostLabels = 128;

/**
 * A question as it goes over the wire.
 *
 * @param recursive whether the server may ask others; a server of the zone is never asked to.
 * @throws RangeError for a name that DNS cannot carry.
 */
export function encodeQuestion(
  id: number,
  question: { readonly name: string; readonly type: QuestionType; readonly recursive: boolean },
): Uint8Array {
  const name = encodeName(question.name);
  const bytes = new Uint8Array(headerBytes + name.length + 4);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, id);
  view.setUint16(2, question.recursive ? 0x0100 : 0);
  view.setUint16(4, 1);
  bytes.set(name, headerBytes);
  view.setUint16(headerBytes + name.length, typeNumbers[question.type]);
  view.setUint16(headerBytes + name.length + 2, classInternet);
  return bytes;
}

function encodeName(name: string): Uint8Array {
  const labels = name === "" ? [] : name.split(".");
  const bytes: number[] = [];
  for (const label of labels) {
    const encoded = new TextEncoder().encode(label);
    if (encoded.length === 0 || encoded.length > 63) throw new RangeError("a label has 1 to 63 bytes");
    bytes.push(encoded.length, ...encoded);
  }
  bytes.push(0);
  if (bytes.length > 255) throw new RangeError("a name has 255 bytes at most");
  return Uint8Array.from(bytes);
}

/**
 * Reads a message; types that core does not plan are left out.
 *
 * @throws RangeError for bytes that are no DNS message.
 */
export function decodeMessage(bytes: Uint8Array): DnsMessage {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const flags = view.getUint16(2);
  const counts = [4, 6, 8, 10].map((at) => view.getUint16(at));
  let at = headerBytes;
  let question: DnsMessage["question"];
  for (let left = counts[0]!; left > 0; left -= 1) {
    const name = decodeName(view, at);
    question ??= { name: name.text, type: view.getUint16(name.end) };
    at = name.end + 4;
  }
  const section = (count: number): AnsweredRecord[] => {
    const records: AnsweredRecord[] = [];
    for (let left = count; left > 0; left -= 1) {
      const read = decodeRecord(view, at);
      at = read.end;
      if (read.record !== undefined) records.push(read.record);
    }
    return records;
  };
  const code = flags & 0xf;
  return {
    id: view.getUint16(0),
    isResponse: (flags & 0x8000) !== 0,
    authoritative: (flags & 0x0400) !== 0,
    truncated: (flags & 0x0200) !== 0,
    code: codes[code] ?? `CODE${code}`,
    ...(question === undefined ? {} : { question }),
    answers: section(counts[1]!),
    authority: section(counts[2]!),
    additional: section(counts[3]!),
  };
}

/** The number of a type, to compare an answer's question with what was asked. */
export function typeNumber(type: QuestionType): number {
  return typeNumbers[type];
}

function decodeRecord(view: DataView, start: number): { record: AnsweredRecord | undefined; end: number } {
  const name = decodeName(view, start);
  const type = typeNames.get(view.getUint16(name.end));
  const isInternet = view.getUint16(name.end + 2) === classInternet;
  const ttl = view.getUint32(name.end + 4);
  const length = view.getUint16(name.end + 8);
  const at = name.end + 10;
  const end = at + length;
  if (end > view.byteLength) throw new RangeError("a record goes on behind the end of its message");
  if (type === undefined || !isInternet) return { record: undefined, end };
  return { record: { name: name.text, type, ttl, value: decodeValue(view, type, at, end) }, end };
}

function decodeValue(view: DataView, type: QuestionType, at: number, end: number): string {
  const bytes = (from: number, to: number): number[] =>
    Array.from({ length: Math.max(0, to - from) }, (_, index) => view.getUint8(from + index));
  switch (type) {
    case "A":
      return bytes(at, end).join(".");
    case "AAAA":
      return ipv6(bytes(at, end));
    case "NS":
    case "CNAME":
      return decodeName(view, at).text;
    case "MX":
      return `${view.getUint16(at)} ${decodeName(view, at + 2).text}`;
    case "SRV":
      return `${[0, 2, 4].map((offset) => view.getUint16(at + offset)).join(" ")} ${decodeName(view, at + 6).text}`;
    case "TXT":
      return strings(view, at, end);
    case "CAA": {
      const tagEnd = at + 2 + view.getUint8(at + 1);
      const tag = printable(bytes(at + 2, tagEnd));
      return `${view.getUint8(at)} ${tag} "${printable(bytes(tagEnd, end))}"`;
    }
    case "SOA": {
      const owner = decodeName(view, decodeName(view, at).end);
      return String(view.getUint32(owner.end));
    }
  }
}

function strings(view: DataView, start: number, end: number): string {
  const parts: string[] = [];
  for (let at = start; at < end; ) {
    const length = view.getUint8(at);
    const bytes = Array.from({ length }, (_, index) => view.getUint8(at + 1 + index));
    parts.push(`"${printable(bytes)}"`);
    at += 1 + length;
  }
  return parts.join(" ");
}

/** The groups in full: `normaliseValues` of core knows the short spelling. */
function ipv6(bytes: readonly number[]): string {
  const groups = Array.from({ length: 8 }, (_, index) =>
    (((bytes[2 * index] ?? 0) << 8) | (bytes[2 * index + 1] ?? 0)).toString(16),
  );
  return groups.join(":");
}

/** A name, compressed or not: RFC 1035, section 4.1.4. A pointer may only lead backwards, so that no loop can be built. */
function decodeName(view: DataView, start: number): { text: string; end: number } {
  const labels: string[] = [];
  let at = start;
  let end: number | undefined;
  let before = start;
  for (;;) {
    const length = view.getUint8(at);
    if (length === 0) break;
    if ((length & 0xc0) === 0xc0) {
      const target = view.getUint16(at) & 0x3fff;
      end ??= at + 2;
      if (target >= before) throw new RangeError("a name points forwards");
      before = target;
      at = target;
      continue;
    }
    if (length > 63 || labels.length >= mostLabels) throw new RangeError("a name is too long");
    const bytes = Array.from({ length }, (_, index) => view.getUint8(at + 1 + index));
    labels.push(printable(bytes, ".").toLowerCase());
    at += 1 + length;
  }
  return { text: labels.join("."), end: end ?? at + 1 };
}

/** Bytes as a zone file writes them (RFC 1035, section 5.1): what could move a cursor becomes `\027`. */
function printable(bytes: readonly number[], alsoEscaped = '"'): string {
  return bytes
    .map((byte) => {
      const character = String.fromCharCode(byte);
      if (byte < 0x20 || byte > 0x7e) return `\\${String(byte).padStart(3, "0")}`;
      return character === "\\" || character === alsoEscaped ? `\\${character}` : character;
    })
    .join("");
}
