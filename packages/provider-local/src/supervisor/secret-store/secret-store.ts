import { DeployError, type Redacted, redact, reveal } from "@deploy/core";
import { type DerivedKeys, decrypt, deriveKeys, encrypt, fingerprint } from "./encryption.js";
import { loadKey } from "./key-file.js";
import {
  corruptedSecrets,
  readSecrets,
  removeSecrets,
  type StoredSecret,
  type StoredSecrets,
  type StoredVersion,
  secretsPath,
  writeSecrets,
} from "./secrets-file.js";

/** Where a store lies. */
export interface SecretStoreOptions {
  /** Made on first use, mode 0700. */
  readonly directory: string;
  /** Milliseconds since 1970; a test passes its own. Default the real time. */
  readonly now?: () => number;
}

/** What is noted beside a new version. */
export interface SetOptions {
  /** Who did it. Default the empty string. */
  readonly by?: string;
}

/** A secret that is set, without its value. */
export interface SecretEntry {
  readonly name: string;
  readonly version: number;
  /** ISO 8601, UTC. */
  readonly setAt: string;
  readonly setBy: string;
}

/**
 * Secrets per app and environment, encrypted at rest, with versions which are numbered from 1 and never reused.
 *
 * Every call may fail with `secrets.key-exposed`, `secrets.key-damaged`, `secrets.key-missing`, `secrets.wrong-key`,
 * `secrets.corrupted` and the disk's errors; a call with a name also with `secrets.bad-name`.
 */
export interface SecretStore {
  /** Stores a value and returns its version; the present version when that has this very value. `secrets.too-large`, `secrets.not-text`. */
  set(app: string, environment: string, name: string, value: Redacted, options?: SetOptions): Promise<number>;
  /** Makes a tombstone and returns its version; `undefined` when the secret is not set. Older versions stay readable. */
  unset(app: string, environment: string, name: string, options?: SetOptions): Promise<number | undefined>;
  /** The secrets that are set, by name. */
  list(app: string, environment: string): Promise<readonly SecretEntry[]>;
  /** A value, by default of the present version. `secrets.not-set`, `secrets.version-missing`. */
  reveal(app: string, environment: string, name: string, version?: number): Promise<Redacted>;
  /** The fingerprint of a stored value, by default of the present version; `undefined` when there is none. */
  fingerprint(app: string, environment: string, name: string, version?: number): Promise<string | undefined>;
  /** The fingerprint which a value would have: equal to a stored one's exactly when the values are equal. */
  fingerprintOf(app: string, environment: string, name: string, value: Redacted): Promise<string>;
  /** Removes all versions but the present ones and those listed by name; returns how many. */
  prune(app: string, environment: string, keep: Readonly<Record<string, readonly number[]>>): Promise<number>;
  /** Removes everything of an app and environment; its versions then start at 1 again. */
  remove(app: string, environment: string): Promise<void>;
}

const largestValue = 64 * 1024;

/**
 * Opens the secret store of a directory.
 *
 * Calls on one store take turns per environment; a directory must have one store at a time in one process, which the
 * supervisor's lock sees to.
 */
export function createSecretStore(options: SecretStoreOptions): SecretStore {
  const { directory } = options;
  const now = options.now ?? Date.now;
  const turns = new Map<string, Promise<unknown>>();

  /** Runs one change after the other, so that none is written over. */
  const inTurn = async <T>(app: string, environment: string, work: () => Promise<T>): Promise<T> => {
    const path = secretsPath(directory, app, environment);
    const turn = (turns.get(path) ?? Promise.resolve()).then(work, work);
    turns.set(path, turn);
    try {
      return await turn;
    } finally {
      if (turns.get(path) === turn) turns.delete(path);
    }
  };
  const open = async (
    app: string,
    environment: string,
  ): Promise<{ keys: DerivedKeys; secrets: StoredSecrets }> => {
    const keys = deriveKeys(await loadKey(directory));
    return { keys, secrets: await readSecrets(directory, keys, app, environment) };
  };
  const stamp = (setOptions: SetOptions | undefined): Pick<StoredVersion, "setAt" | "setBy"> => ({
    setAt: new Date(now()).toISOString(),
    setBy: setOptions?.by ?? "",
  });
  const plainText = (
    keys: DerivedKeys,
    app: string,
    environment: string,
    name: string,
    stored: StoredVersion,
  ): string => {
    const address = { app, environment, name, version: stored.version };
    const value = stored.value && decrypt(keys, address, stored.value);
    if (value === undefined) throw corruptedSecrets(secretsPath(directory, app, environment));
    return value;
  };

  return {
    set(app, environment, name, value, setOptions) {
      return inTurn(app, environment, async () => {
        checkName(name);
        const text = checkValue(name, reveal(value));
        const { keys, secrets } = await open(app, environment);
        const secret = lookUp(secrets, name);
        const present = secret?.versions.at(-1);
        if (present?.value && plainText(keys, app, environment, name, present) === text)
          return present.version;
        const version = (secret?.lastVersion ?? 0) + 1;
        const encrypted = encrypt(keys, { app, environment, name, version }, text);
        const added = append(secrets, name, { version, ...stamp(setOptions), value: encrypted });
        await writeSecrets(directory, keys, app, environment, added);
        return version;
      });
    },

    unset(app, environment, name, setOptions) {
      return inTurn(app, environment, async () => {
        checkName(name);
        const { keys, secrets } = await open(app, environment);
        const secret = lookUp(secrets, name);
        if (secret?.versions.at(-1)?.value === undefined) return undefined;
        const version = secret.lastVersion + 1;
        const added = append(secrets, name, { version, ...stamp(setOptions) });
        await writeSecrets(directory, keys, app, environment, added);
        return version;
      });
    },

    async list(app, environment) {
      const { secrets } = await open(app, environment);
      return Object.keys(secrets)
        .sort()
        .flatMap((name) => {
          const present = secrets[name]?.versions.at(-1);
          if (present?.value === undefined) return [];
          return [{ name, version: present.version, setAt: present.setAt, setBy: present.setBy }];
        });
    },

    async reveal(app, environment, name, version) {
      checkName(name);
      const { keys, secrets } = await open(app, environment);
      const stored = find(lookUp(secrets, name), version);
      if (stored?.value === undefined) throw absent(app, environment, name, version, stored === undefined);
      return redact(plainText(keys, app, environment, name, stored));
    },

    async fingerprint(app, environment, name, version) {
      checkName(name);
      const { keys, secrets } = await open(app, environment);
      const stored = find(lookUp(secrets, name), version);
      if (stored?.value === undefined) return undefined;
      return fingerprint(keys, { app, environment, name }, plainText(keys, app, environment, name, stored));
    },

    async fingerprintOf(app, environment, name, value) {
      checkName(name);
      const { keys } = await open(app, environment);
      return fingerprint(keys, { app, environment, name }, reveal(value));
    },

    prune(app, environment, keep) {
      return inTurn(app, environment, async () => {
        const { keys, secrets } = await open(app, environment);
        let removed = 0;
        const pruned: Record<string, StoredSecret> = {};
        for (const [name, secret] of Object.entries(secrets)) {
          const kept = new Set(Object.hasOwn(keep, name) ? keep[name] : []);
          const present = secret.versions.at(-1);
          const versions = secret.versions.filter((entry) => entry === present || kept.has(entry.version));
          removed += secret.versions.length - versions.length;
          pruned[name] = { lastVersion: secret.lastVersion, versions };
        }
        if (removed > 0) await writeSecrets(directory, keys, app, environment, pruned);
        return removed;
      });
    },

    remove: (app, environment) => inTurn(app, environment, () => removeSecrets(directory, app, environment)),
  };
}

function lookUp(secrets: StoredSecrets, name: string): StoredSecret | undefined {
  return Object.hasOwn(secrets, name) ? secrets[name] : undefined;
}

function find(secret: StoredSecret | undefined, version: number | undefined): StoredVersion | undefined {
  return version === undefined
    ? secret?.versions.at(-1)
    : secret?.versions.find((entry) => entry.version === version);
}

function append(secrets: StoredSecrets, name: string, added: StoredVersion): StoredSecrets {
  const versions = [...(lookUp(secrets, name)?.versions ?? []), added];
  return { ...secrets, [name]: { lastVersion: added.version, versions } };
}

function checkName(name: string): void {
  if (/^[A-Z_][A-Z0-9_]*$/.test(name)) return;
  throw new DeployError({
    code: "secrets.bad-name",
    message: `${JSON.stringify(name)} is not a valid name for a secret.`,
    hint: "Use upper-case letters, digits and underscores, not starting with a digit, as in SECRET_KEY.",
  });
}

function checkValue(name: string, value: string): string {
  if (Buffer.from(value).toString() !== value) {
    throw new DeployError({
      code: "secrets.not-text",
      message: `The value of ${name} is not valid Unicode text.`,
      hint: "Encode binary values, for example with base64.",
    });
  }
  const bytes = Buffer.byteLength(value);
  if (bytes > largestValue) {
    throw new DeployError({
      code: "secrets.too-large",
      message: `The value of ${name} has ${bytes} bytes; at most ${largestValue} are possible.`,
      hint: "Keep large files outside of the secrets, for example in an object store.",
    });
  }
  return value;
}

function absent(
  app: string,
  environment: string,
  name: string,
  version: number | undefined,
  unknownVersion: boolean,
): DeployError {
  const missing = version !== undefined && unknownVersion;
  return new DeployError({
    code: missing ? "secrets.version-missing" : "secrets.not-set",
    message: missing
      ? `Version ${version} of the secret ${name} of ${app} (${environment}) is not stored any more.`
      : `The secret ${name} of ${app} (${environment}) is not set.`,
    hint: missing
      ? "Choose a later release, or set the secret again."
      : `Run \`deploy secrets set ${name}\`.`,
    details: { app, environment, name, ...(version === undefined ? {} : { version }) },
  });
}
