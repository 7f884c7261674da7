import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { type Redacted, redact, reveal } from "@deploy/core";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createSecretStore, type SecretStore } from "./secret-store.js";
import { secretsPath } from "./secrets-file.js";

let directory = "";
let store: SecretStore;
beforeEach(() => {
  directory = join(mkdtempSync(join(tmpdir(), "secrets-")), "store");
  store = createSecretStore({ directory, now: () => 0 });
});
afterEach(() => rmSync(join(directory, ".."), { recursive: true, force: true }));

const read = async (value: Promise<Redacted>): Promise<string> => reveal(await value);
const fileOf = (environment = "production"): string => secretsPath(directory, "shop", environment);

test("versions count from 1, equal values make none, and older ones stay readable", async () => {
  expect(await store.list("shop", "production")).toEqual([]);
  expect(await store.set("shop", "production", "KEY", redact("one"), { by: "ada" })).toBe(1);
  expect(await store.set("shop", "production", "KEY", redact("one"), { by: "bob" })).toBe(1);
  expect(await store.set("shop", "production", "KEY", redact("two"))).toBe(2);
  expect(await store.set("shop", "production", "KEY", redact("one"))).toBe(3);
  expect(await store.unset("shop", "production", "KEY")).toBe(4);
  expect(await store.unset("shop", "production", "KEY")).toBeUndefined();
  expect(await store.unset("shop", "production", "OTHER")).toBeUndefined();
  expect(await store.list("shop", "production")).toEqual([]);
  expect(await read(store.reveal("shop", "production", "KEY", 2))).toBe("two");
  await expect(store.reveal("shop", "production", "KEY")).rejects.toMatchObject({ code: "secrets.not-set" });
  await expect(store.reveal("shop", "production", "KEY", 9)).rejects.toMatchObject({
    code: "secrets.version-missing",
  });
  expect(await store.set("shop", "production", "KEY", redact("one"), { by: "ada" })).toBe(5);
  expect(await store.list("shop", "production")).toEqual([
    { name: "KEY", version: 5, setAt: "1970-01-01T00:00:00.000Z", setBy: "ada" },
  ]);
});

test("pruning keeps what is asked for and the present version, and never gives a version out again", async () => {
  for (const value of ["1", "2", "3", "4"]) await store.set("shop", "production", "KEY", redact(value));
  await store.set("shop", "production", "GONE", redact("x"));
  await store.unset("shop", "production", "GONE");
  expect(await store.prune("shop", "production", { KEY: [2] })).toBe(3);
  expect(await store.prune("shop", "production", { KEY: [2] })).toBe(0);
  expect(await read(store.reveal("shop", "production", "KEY", 2))).toBe("2");
  expect(await read(store.reveal("shop", "production", "KEY"))).toBe("4");
  await expect(store.reveal("shop", "production", "KEY", 1)).rejects.toMatchObject({
    code: "secrets.version-missing",
  });
  expect(await store.set("shop", "production", "GONE", redact("y"))).toBe(3);
  await store.remove("shop", "production");
  await store.remove("shop", "production");
  expect(await store.list("shop", "production")).toEqual([]);
});

test("apps and environments do not see each other, whatever they are called", async () => {
  const places: readonly (readonly [string, string])[] = [
    ["a", "b"],
    ["A", "b"],
    ["a", "B"],
    ["a", "review/12"],
    ["a", "review%2F12"],
    ["a", "../../x"],
    ["..", "b"],
    ["key", "b.json"],
  ];
  for (const [app, environment] of places)
    await store.set(app, environment, "K", redact(`${app} ${environment}`));
  for (const [app, environment] of places) {
    expect(await read(store.reveal(app, environment, "K"))).toBe(`${app} ${environment}`);
  }
  expect(readdirSync(join(directory, ".."))).toEqual(["store"]);
});

test("concurrent changes are all kept", async () => {
  const names = Array.from({ length: 20 }, (_, index) => `K${index}`);
  await Promise.all(names.map((name) => store.set("shop", "production", name, redact(name))));
  expect((await store.list("shop", "production")).map((entry) => entry.name)).toEqual([...names].sort());
  const versions = await Promise.all(
    names.map((name) => store.set("shop", "production", "SAME", redact(name))),
  );
  expect([...versions].sort((a, b) => a - b)).toEqual(names.map((_, index) => index + 1));
});

test("any text comes back as it was, and is nowhere on the disk in the clear", async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "binary", maxLength: 300 }), async (text) => {
      await store.set("shop", "fuzz", "VALUE", redact(text));
      expect(await read(store.reveal("shop", "fuzz", "VALUE"))).toBe(text);
    }),
    { numRuns: 25 },
  );
  const value = "-----BEGIN KEY-----\r\nmulti\nline\u0000☺\n";
  await store.set("shop", "production", "PEM", redact(value));
  expect(await read(store.reveal("shop", "production", "PEM"))).toBe(value);
  for (const name of readdirSync(directory, { recursive: true, encoding: "utf8" })) {
    const path = join(directory, name);
    if (statSync(path).isDirectory()) expect(statSync(path).mode & 0o077).toBe(0);
    else {
      expect(statSync(path).mode & 0o777).toBe(0o600);
      expect(readFileSync(path, "latin1")).not.toContain("BEGIN KEY");
      expect(readFileSync(path, "latin1")).not.toContain(Buffer.from(value).toString("base64").slice(0, 12));
    }
  }
});

test("names and values are checked, and no error shows a value", async () => {
  const hidden = "hunter2";
  for (const name of ["", "1A", "a", "A-B", "A B", "A\n", "É", "__proto__"]) {
    await expect(store.set("shop", "production", name, redact(hidden))).rejects.toMatchObject({
      code: "secrets.bad-name",
    });
  }
  await store.set("shop", "production", "_", redact(""));
  expect(await read(store.reveal("shop", "production", "_"))).toBe("");
  await store.set("shop", "production", "BIG", redact("é".repeat(32 * 1024)));
  const failing = [
    store.set("shop", "production", "BIG", redact(`${hidden}${"x".repeat(64 * 1024)}`)),
    store.set("shop", "production", "HALF", redact(`${hidden}\ud800`)),
  ];
  const errors = await Promise.all(failing.map((promise) => promise.catch((error: unknown) => error)));
  expect(errors).toMatchObject([{ code: "secrets.too-large" }, { code: "secrets.not-text" }]);
  expect(inspect(errors, { depth: 9, showHidden: true })).not.toContain(hidden);
});

test("fingerprints compare values without showing them, and only within one secret and key", async () => {
  await store.set("shop", "production", "KEY", redact("one"));
  const stored = await store.fingerprint("shop", "production", "KEY");
  expect(stored).toMatch(/^[0-9a-f]{64}$/);
  expect(await store.fingerprintOf("shop", "production", "KEY", redact("one"))).toBe(stored);
  expect(await store.fingerprintOf("shop", "production", "KEY", redact("two"))).not.toBe(stored);
  expect(await store.fingerprintOf("shop", "production", "KEY2", redact("one"))).not.toBe(stored);
  expect(await store.fingerprintOf("shop", "staging", "KEY", redact("one"))).not.toBe(stored);
  expect(await store.fingerprint("shop", "production", "NONE")).toBeUndefined();
  const other = createSecretStore({ directory: join(directory, "..", "other") });
  expect(await other.fingerprintOf("shop", "production", "KEY", redact("one"))).not.toBe(stored);
});

test("a file which was altered anywhere is refused and named", async () => {
  await store.set("shop", "production", "KEY", redact("one"));
  await store.unset("shop", "production", "KEY");
  await store.set("shop", "production", "OTHER", redact("two"));
  const text = readFileSync(fileOf(), "utf8");
  const keyId = /"keyId":"([0-9a-f]+)"/.exec(text)?.[1] ?? "";
  const bytes = fc.record({ at: fc.nat(text.trimEnd().length - 1), by: fc.integer({ min: 1, max: 127 }) });
  await fc.assert(
    fc.asyncProperty(bytes, async ({ at, by }) => {
      const altered = Buffer.from(text);
      altered[at] = (altered[at] ?? 0) ^ by;
      writeFileSync(fileOf(), altered);
      const error = await store.list("shop", "production").catch((thrown: unknown) => thrown);
      const inKeyId = at >= text.indexOf(keyId) && at < text.indexOf(keyId) + keyId.length;
      const codes = inKeyId ? ["secrets.wrong-key", "secrets.corrupted"] : ["secrets.corrupted"];
      expect(codes).toContain((error as { code?: string }).code);
      expect((error as Error).message).toContain(fileOf());
    }),
    { numRuns: 150 },
  );
});

test("ciphertexts cannot be swapped between secrets, versions or environments", async () => {
  await store.set("shop", "staging", "KEY", redact("staging"));
  await store.set("shop", "production", "KEY", redact("production"));
  writeFileSync(fileOf(), readFileSync(fileOf("staging")));
  await expect(store.reveal("shop", "production", "KEY")).rejects.toMatchObject({
    code: "secrets.corrupted",
  });
});

test("another key is told apart from damage", async () => {
  await store.set("shop", "production", "KEY", redact("one"));
  renameSync(join(directory, "key"), join(directory, "key.old"));
  await expect(store.list("shop", "production")).rejects.toMatchObject({ code: "secrets.key-missing" });
  expect(existsSync(join(directory, "key"))).toBe(false);
  writeFileSync(join(directory, "key"), Buffer.alloc(32, 7), { mode: 0o600 });
  await expect(store.set("shop", "production", "KEY", redact("two"))).rejects.toMatchObject({
    code: "secrets.wrong-key",
  });
  renameSync(join(directory, "key.old"), join(directory, "key"));
  expect(await read(store.reveal("shop", "production", "KEY"))).toBe("one");
});

test("a key file which others can read, of the wrong length or behind a link is refused", async () => {
  await store.set("shop", "production", "KEY", redact("one"));
  const key = join(directory, "key");
  expect(statSync(key)).toMatchObject({ size: 32 });
  for (const mode of [0o640, 0o604, 0o620, 0o601]) {
    chmodSync(key, mode);
    await expect(store.list("shop", "production")).rejects.toMatchObject({ code: "secrets.key-exposed" });
  }
  chmodSync(key, 0o400);
  expect(await store.list("shop", "production")).toHaveLength(1);
  rmSync(key);
  writeFileSync(key, Buffer.alloc(31), { mode: 0o600 });
  await expect(store.list("shop", "production")).rejects.toMatchObject({ code: "secrets.key-damaged" });
  renameSync(key, join(directory, "elsewhere"));
  symlinkSync("elsewhere", key);
  await expect(store.list("shop", "production")).rejects.toMatchObject({ code: "secrets.key-damaged" });
});

test("two stores which are first used at once share one key", async () => {
  const stores = Array.from({ length: 8 }, () => createSecretStore({ directory }));
  await Promise.all(stores.map((each, index) => each.set("shop", `e${index}`, "KEY", redact(String(index)))));
  for (const index of stores.keys())
    expect(await read(store.reveal("shop", `e${index}`, "KEY"))).toBe(String(index));
  expect(readdirSync(directory).sort()).toEqual(["apps", "key"]);
});
