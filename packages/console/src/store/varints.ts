/** Whole numbers from 0 to 2^53, seven bits a byte, the low ones first. */
export function encodeVarints(values: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(values.length * 8);
  let at = 0;
  for (let value of values) {
    while (value >= 128) {
      bytes[at++] = (value % 128) | 128;
      value = Math.floor(value / 128);
    }
    bytes[at++] = value;
  }
  return bytes.subarray(0, at);
}

/** Reads `count` numbers from `offset` on. Throws a `RangeError` where the bytes end before that. */
export function decodeVarints(
  bytes: Uint8Array,
  offset: number,
  count: number,
): { readonly values: Float64Array; readonly end: number } {
  const values = new Float64Array(count);
  let at = offset;
  for (let index = 0; index < count; index++) {
    let byte = bytes[at++] ?? outOfBytes();
    if (byte < 128) {
      values[index] = byte;
      continue;
    }
    let value = byte & 127;
    for (let factor = 128; byte >= 128; factor *= 128) {
      byte = bytes[at++] ?? outOfBytes();
      value += (byte & 127) * factor;
    }
    values[index] = value;
  }
  return { values, end: at };
}

/** Signed numbers as unsigned ones, small where they are near 0. */
export const zigzag = (value: number): number => (value < 0 ? -value * 2 - 1 : value * 2);

/** What {@link zigzag} was given. The remainder of a fraction is dear, and most numbers are small. */
export const unzigzag = (value: number): number =>
  value < 2 ** 31 ? (value >>> 1) ^ -(value & 1) : value % 2 === 1 ? -(value + 1) / 2 : value / 2;

function outOfBytes(): never {
  throw new RangeError("The bytes end within a column.");
}
