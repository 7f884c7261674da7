import { expect, test } from "vitest";
import { decrypt, deriveKeys, encrypt } from "./encryption.js";

const keys = deriveKeys(Buffer.alloc(32, 1));
const address = { app: "shop", environment: "production", name: "KEY", version: 1 };

test("a ciphertext opens only with its key and at its own address", () => {
  const value = encrypt(keys, address, "text");
  expect(decrypt(keys, address, value)).toBe("text");
  expect(decrypt(deriveKeys(Buffer.alloc(32, 2)), address, value)).toBeUndefined();
  for (const change of [{ app: "x" }, { environment: "x" }, { name: "X" }, { version: 2 }]) {
    expect(decrypt(keys, { ...address, ...change }, value)).toBeUndefined();
  }
});

test("a shortened tag is refused, and equal values do not look equal", () => {
  const value = encrypt(keys, address, "text");
  const tag = Buffer.from(value.tag, "base64").subarray(0, 4).toString("base64");
  expect(decrypt(keys, address, { ...value, tag })).toBeUndefined();
  expect(encrypt(keys, address, "text").ciphertext).not.toBe(value.ciphertext);
});
