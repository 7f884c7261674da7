import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";

const iterations = 4096;

function hmac(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

function saltedKeys(password: string, salt: Buffer, rounds: number): { client: Buffer; server: Buffer } {
  const salted = pbkdf2Sync(password, salt, rounds, 32, "sha256");
  return { client: hmac(salted, "Client Key"), server: hmac(salted, "Server Key") };
}

function sha256(data: Buffer): Buffer {
  return createHash("sha256").update(data).digest();
}

/**
 * What Postgres stores for a password under scram-sha-256.
 *
 * Sent in `ALTER ROLE … PASSWORD` instead of the password, which so never reaches the server or its log.
 */
export function scramVerifier(password: string): string {
  const salt = randomBytes(16);
  const keys = saltedKeys(password, salt, iterations);
  const stored = sha256(keys.client).toString("base64");
  return `SCRAM-SHA-256$${iterations}:${salt.toString("base64")}$${stored}:${keys.server.toString("base64")}`;
}

/** The client's side of one SCRAM-SHA-256 exchange (RFC 5802, RFC 7677), without channel binding. */
export interface ScramExchange {
  /** The first message to send. */
  readonly first: string;
  /** The answer to the server's first message. */
  final(serverFirst: string): string;
  /** Whether the server's last message proves that it knows the password as well. */
  verify(serverFinal: string): boolean;
}

/** Begins an exchange. The password must be ASCII, as generated ones are: it is not normalised. */
export function scramExchange(
  password: string,
  nonce: string = randomBytes(18).toString("base64"),
): ScramExchange {
  const firstBare = `n=,r=${nonce}`;
  let signature = "";
  return {
    first: `n,,${firstBare}`,
    final: (serverFirst) => {
      const fields = new Map(serverFirst.split(",").map((field) => [field[0], field.slice(2)] as const));
      const serverNonce = fields.get("r") ?? "";
      if (!serverNonce.startsWith(nonce)) throw new Error("The server answered another client's nonce.");
      const keys = saltedKeys(
        password,
        Buffer.from(fields.get("s") ?? "", "base64"),
        Number(fields.get("i")),
      );
      const withoutProof = `c=biws,r=${serverNonce}`;
      const message = `${firstBare},${serverFirst},${withoutProof}`;
      const clientSignature = hmac(sha256(keys.client), message);
      const proof = Buffer.from(keys.client.map((byte, index) => byte ^ clientSignature[index]!));
      signature = hmac(keys.server, message).toString("base64");
      return `${withoutProof},p=${proof.toString("base64")}`;
    },
    verify: (serverFinal) => signature !== "" && serverFinal === `v=${signature}`,
  };
}
