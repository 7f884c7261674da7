/**
 * A secrets provider: one directory for each app and environment, one for each secret in it, one file for each version.
 *
 * The files hold the values as they are, readable by their owner only. It shows how a provider is made; where values
 * have to be safe from whoever reads the disk, they need encryption as well.
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import { link, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import {
  type Context,
  DeployError,
  type Provider,
  type Redacted,
  type Resource,
  redact,
  reveal,
  type Scope,
  type SecretEntry,
  type SecretReference,
  type Secrets,
  toDeployError,
} from "@deploy/core";

/** Options of {@link fileSecrets}. */
export interface FileSecretsOptions {
  /** Where the files are, relative to the configuration file. Keep it out of version control. */
  readonly directory: string;
}

/** What {@link fileSecrets} returns. */
export type FileSecretsProvider = Provider & { readonly secrets: Secrets };

const providerName = "file-secrets";

/** Secrets in files of this machine. */
export function fileSecrets({ directory }: FileSecretsOptions): FileSecretsProvider {
  const place = (context: Context, scope: Scope, name = ""): string =>
    join(
      resolve(context.directory, directory),
      ...[scope.app, scope.environment].map(encodeURIComponent),
      checked(name),
    );
  const versions = (context: Context, scope: Scope, name: string): Promise<readonly number[]> =>
    orError(context, async () => (await list(place(context, scope, name))).map(Number).sort((a, b) => b - a));
  const names = (context: Context, scope: Scope): Promise<readonly string[]> =>
    orError(context, () => list(place(context, scope)));
  const value = async (context: Context, scope: Scope, name: string): Promise<string | undefined> => {
    const [newest] = await versions(context, scope, name);
    if (newest === undefined) return undefined;
    return orError(context, () => readFile(join(place(context, scope, name), String(newest)), "utf8"));
  };
  const forget = (context: Context, scope: Scope, name: string): Promise<void> =>
    orError(context, () => rm(place(context, scope, name), { recursive: true, force: true }));

  const store = async (
    context: Context,
    scope: Scope,
    name: string,
    given: Redacted,
  ): Promise<SecretEntry> => {
    const [newest] = await versions(context, scope, name);
    if (newest !== undefined && (await value(context, scope, name)) === reveal(given))
      return entry(name, newest);
    // Later than every other one, and never used again: a release that pins a version must find that value or none.
    const first = Math.max(context.clock.now(), (newest ?? 0) + 1);
    const directory = place(context, scope, name);
    return entry(name, await orError(context, () => writeVersion(directory, first, reveal(given))));
  };

  const node = (
    scope: Scope,
    name: string,
    given?: Redacted,
  ): Resource<{ readonly name: string }, Observed> => {
    const make = async (context: Context): Promise<Observed> => {
      if (given === undefined) throw new DeployError(missing(scope, name));
      const { version } = await store(context, scope, name, given);
      return { name, version };
    };
    return {
      id: idOf(scope, name),
      label: `secret ${name}`,
      provider: providerName,
      element: "secrets",
      verb: "store",
      holdsData: `secret ${name}`,
      renews: true,
      desired: { name },
      async read(context) {
        const [newest] = await versions(context, scope, name);
        if (newest === undefined) return undefined;
        const changes = given !== undefined && (await value(context, scope, name)) !== reveal(given);
        return { name, version: String(newest), ...(changes ? { changes } : {}) };
      },
      diff: (_desired, observed) =>
        observed.changes === true ? [{ path: "value", from: "<redacted>", to: "<redacted>" }] : [],
      blocked: (observed) =>
        observed === undefined && given === undefined ? missing(scope, name) : undefined,
      create: make,
      update: make,
    };
  };

  return {
    spec: 1,
    name: providerName,
    credentials: {},
    secrets: {
      capabilities: { versions: true, reveal: true },
      secret: node,
      async list(context, scope) {
        const found = (await names(context, scope)).map(async (name) => {
          const [newest] = await versions(context, scope, name);
          return newest === undefined ? [] : [entry(name, newest)];
        });
        return (await Promise.all(found)).flat();
      },
      set: store,
      unset: forget,
      async reveal(context, scope, name) {
        const found = await value(context, scope, name);
        if (found === undefined) throw new DeployError(missing(scope, name));
        return redact(found);
      },
    },
    owned: async (context, scope) =>
      (await names(context, scope)).map((name) => ({
        id: idOf(scope, name),
        label: `secret ${name}`,
        provider: providerName,
        element: "secrets",
        holdsData: `secret ${name}`,
        remove: (later) => forget(later, scope, name),
      })),
  };
}

/** What is read of a secret: never its value. */
interface Observed extends SecretReference {
  /** The value that came with this run is not the one that is stored. */
  readonly changes?: boolean;
}

function idOf(scope: Scope, name: string): string {
  return `${providerName}/secrets/${scope.app}/${scope.environment}/${name}`;
}

function entry(name: string, version: number): SecretEntry {
  return { name, version: String(version), setAt: new Date(version).toISOString() };
}

/** A name becomes a part of a path: nothing may be said with it but a name. */
function checked(name: string): string {
  if (name === "" || /^[A-Za-z_][A-Za-z0-9_]{0,99}$/.test(name)) return name;
  throw new DeployError({
    code: "secrets.bad-name",
    message: "The name of a secret has letters, digits and underscores, and begins with no digit.",
    hint: "Rename it in the app's declaration.",
  });
}

/** The visible entries of a directory; none where there is no directory. */
async function list(directory: string): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).filter((name) => !name.startsWith(".")).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** Writes a version under the first free number from `first` on, and answers with it. */
async function writeVersion(directory: string, first: number, text: string): Promise<number> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  // Whoever is killed while writing leaves no half of a value: the file gets its name once it is whole.
  const draft = join(directory, `.${randomUUID()}`);
  try {
    await writeFile(draft, text, { mode: 0o600, flag: "wx" });
    for (let version = first; ; version++) {
      try {
        await link(draft, join(directory, String(version)));
        return version;
      } catch (error) {
        // Somebody else writes at the same moment.
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
    }
  } finally {
    await rm(draft, { force: true });
  }
}

/** Whatever the file system says becomes an error with a code; its message names a path, never a value. */
async function orError<T>(context: Context, work: () => Promise<T>): Promise<T> {
  context.signal.throwIfAborted();
  try {
    return await work();
  } catch (error) {
    throw toDeployError(error, "secrets.unavailable");
  }
}

function missing(scope: Scope, name: string): { code: string; message: string; hint: string } {
  return {
    code: "secrets.missing",
    message: `The secret ${name} has no value in ${scope.environment}.`,
    hint: `Run: deploy secrets set ${name} --environment ${scope.environment}`,
  };
}
