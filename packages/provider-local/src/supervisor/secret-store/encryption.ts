import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from "node:crypto";

/** What a ciphertext belongs to; bound to it, so that it cannot be passed off as another secret or version. */
export interface SecretAddress {
  readonly app: string;
  readonly environment: string;
  readonly name: string;
  /** From 1. */
  readonly version: number;
}

/** An encrypted value, every field in base64. */
export interface EncryptedValue {
  readonly nonce: string;
  readonly ciphertext: string;
  readonly tag: string;
}

/** The keys of a store, one per purpose, derived from its key file. */
export interface DerivedKeys {
  readonly encryption: Buffer;
  readonly fingerprint: Buffer;
  readonly fileSeal: Buffer;
  /** Says which key file this is without saying anything about the key. */
  readonly id: string;
}

/** Derives the keys of each purpose with HKDF-SHA-256. */
export function deriveKeys(key: Buffer): DerivedKeys {
  const derive = (purpose: string): Buffer =>
    Buffer.from(hkdfSync("sha256", key, "deploy secret store 1", purpose, 32));
  return {
    encryption: derive("encryption"),
    fingerprint: derive("fingerprint"),
    fileSeal: derive("file seal"),
    id: derive("key id").toString("hex").slice(0, 16),
  };
}

/** The address as unambiguous bytes: JSON, as a name may hold any separator one could think of. */
function bind(address: SecretAddress): Buffer {
  return Buffer.from(JSON.stringify([address.app, address.environment, address.name, address.version]));
}

/** Encrypts a value with AES-256-GCM under a random nonce, bound to its address. */
export function encrypt(keys: DerivedKeys, address: SecretAddress, value: string): EncryptedValue {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", keys.encryption, nonce);
  cipher.setAAD(bind(address));
  const ciphertext = Buffer.concat([cipher.update(value, "utf8"), cipher.final()]);
  return {
    nonce: nonce.toString("base64"),
    ciphertext: ciphertext.toString("base64"),
    tag: cipher.getAuthTag().toString("base64"),
  };
}

/** The value again; `undefined` when it was altered, belongs to another address, or the key is another one. */
export function decrypt(
  keys: DerivedKeys,
  address: SecretAddress,
  value: EncryptedValue,
): string | undefined {
  try {
    const nonce = Buffer.from(value.nonce, "base64");
    const decipher = createDecipheriv("aes-256-gcm", keys.encryption, nonce, { authTagLength: 16 });
    decipher.setAAD(bind(address));
    decipher.setAuthTag(Buffer.from(value.tag, "base64"));
    const text = Buffer.concat([decipher.update(Buffer.from(value.ciphertext, "base64")), decipher.final()]);
    return text.toString("utf8");
  } catch {
    return undefined;
  }
}

/** A keyed fingerprint of a value (HMAC-SHA-256, hex): equal values of one secret are equal, and it reveals nothing. */
export function fingerprint(
  keys: DerivedKeys,
  address: Omit<SecretAddress, "version">,
  value: string,
): string {
  return createHmac("sha256", keys.fingerprint)
    .update(JSON.stringify([address.app, address.environment, address.name, value]))
    .digest("hex");
}

/** A seal over a whole file (HMAC-SHA-256, hex), so that tombstones and dates cannot be altered either. */
export function seal(keys: DerivedKeys, text: string): string {
  return createHmac("sha256", keys.fileSeal).update(text).digest("hex");
}
