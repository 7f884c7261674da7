import { randomBytes } from "node:crypto";
import { type Context, DeployError, type Foreign, redact, reveal, type Scope } from "@deploy/core";
import { isAwsError, unlessGone } from "../errors.js";
import { appPath } from "../names.js";
import type { Parts } from "../parts.js";
import { appTags, upperTags } from "../tags.js";
import {
  checkValue,
  foreignSecret,
  type SecretFolder,
  type SecretStore,
  type StoredSecret,
} from "./store.js";

/** Longest value of a standard parameter, bytes ("Managing parameter tiers"); larger ones cost money each month. */
const limit = 4096;

const tooLargeHint =
  'Keep secrets in Secrets Manager, which takes 64 KB: ecs({ secrets: "secrets-manager" }).';

/** What stands in a pointer: plain data, and the mark that it is ours. */
interface Pointer {
  readonly deploy: 1;
  readonly version: string;
  readonly by?: string;
}

/**
 * Secrets as parameters of Systems Manager.
 *
 * A task definition cannot pin the version of a parameter (aws/containers-roadmap#636), so every value is a parameter of
 * its own, `…/NAME/3-5f0c2a`, which is never written again; `…/NAME` points to the present one, in the open. So names and
 * versions of a whole environment are one call for each ten of them, and a plan decrypts nothing. The value is written
 * first: what a killed run leaves is at worst a version that nothing points to, which the next one takes up, and which
 * a removal finds by its path.
 */
export function createParameterStore(
  { settings, clients }: Pick<Parts, "settings" | "clients">,
  folder: SecretFolder,
): SecretStore {
  const pathOf = (scope: Scope): string => appPath(scope, folder);
  const tagsOf = (scope: Scope) => upperTags(appTags(settings, scope));
  const keyed = settings.secretsKey === undefined ? {} : { KeyId: settings.secretsKey };

  const listAll = async (context: Context, scope: Scope): Promise<readonly Listed[]> => {
    const input = { Path: pathOf(scope), Recursive: false, WithDecryption: false, MaxResults: 10 };
    const found = await clients.all(context, "ssm", "GetParametersByPath", input, (page) => page.Parameters);
    return found.map(listedOf);
  };
  const shared = (context: Context, scope: Scope): Promise<readonly Listed[]> =>
    context.shared(`ecs parameters ${settings.region} ${pathOf(scope)}`, () => listAll(context, scope));
  const read = async (context: Context, scope: Scope, name: string): Promise<Listed | undefined> => {
    const input = { Name: `${pathOf(scope)}/${name}` };
    const answer = await unlessGone(clients.send(context, "ssm", "GetParameter", input));
    return answer?.Parameter === undefined ? undefined : listedOf(answer.Parameter);
  };
  const readValue = async (
    context: Context,
    scope: Scope,
    { name, version }: Pick<StoredSecret, "name" | "version">,
  ): Promise<string | undefined> => {
    const input = { Name: `${pathOf(scope)}/${name}/${version}`, WithDecryption: true };
    const answer = await unlessGone(clients.send(context, "ssm", "GetParameter", input, { private: true }));
    return answer?.Parameter?.Value;
  };
  /** All versions of a name, those that nothing points to as well. */
  const listVersions = async (context: Context, scope: Scope, name: string): Promise<readonly string[]> => {
    const input = {
      Path: `${pathOf(scope)}/${name}`,
      Recursive: false,
      WithDecryption: false,
      MaxResults: 10,
    };
    const found = await clients.all(context, "ssm", "GetParametersByPath", input, (page) => page.Parameters);
    return found.flatMap(({ Name }) => Name?.split("/").at(-1) ?? []);
  };
  /** Names below which there are values, whether or not anything points to them: fifty parameters a call. */
  const namesOfValues = async (context: Context, scope: Scope): Promise<ReadonlySet<string>> => {
    const path = pathOf(scope);
    const input = {
      ParameterFilters: [{ Key: "Path", Option: "Recursive", Values: [path] }],
      MaxResults: 50,
    };
    const found = await clients.all(context, "ssm", "DescribeParameters", input, (page) => page.Parameters);
    return new Set(
      found.flatMap(({ Name = "" }) => {
        const [name = "", version] = Name.slice(path.length + 1).split("/");
        return version === undefined ? [] : [name];
      }),
    );
  };
  const writeValue = async (context: Context, scope: Scope, name: string, version: string, value: string) => {
    const Name = `${pathOf(scope)}/${name}/${version}`;
    const input = { Name, Type: "SecureString" as const, Value: value, Tags: tagsOf(scope), ...keyed };
    try {
      // Its name is made up here, so that it exists already only if an answer was lost.
      await clients.send(context, "ssm", "PutParameter", input, { private: true, repeatable: true });
    } catch (error) {
      if (!isAwsError(error, "ParameterAlreadyExists")) throw error;
    }
  };
  const point = async (context: Context, scope: Scope, name: string, version: string, exists: boolean) => {
    const by = context.env.USER ?? context.env.USERNAME;
    const pointer: Pointer = { deploy: 1, version, ...(by === undefined ? {} : { by }) };
    const input = {
      Name: `${pathOf(scope)}/${name}`,
      Type: "String" as const,
      Value: JSON.stringify(pointer),
    };
    const overwrite = () =>
      clients.send(context, "ssm", "PutParameter", { ...input, Overwrite: true }, { repeatable: true });
    if (exists) return void (await overwrite());
    try {
      // Tags can only be given where nothing is overwritten.
      await clients.send(
        context,
        "ssm",
        "PutParameter",
        { ...input, Tags: tagsOf(scope) },
        { repeatable: true },
      );
    } catch (error) {
      if (!isAwsError(error, "ParameterAlreadyExists")) throw error;
      await overwrite();
    }
  };

  return {
    limit,
    find: async (context, scope, name) => {
      const found = (await shared(context, scope)).find((one) => one.stored.name === name);
      return found === undefined ? undefined : ours(found);
    },
    list: async (context, scope) =>
      (await shared(context, scope))
        .filter((one) => one.ours)
        .map((one) => one.stored)
        .sort(byName),
    names: async (context, scope) => {
      const [pointers, values] = await Promise.all([shared(context, scope), namesOfValues(context, scope)]);
      const foreign = new Set(pointers.filter((one) => !one.ours).map(({ stored }) => stored.name));
      const own = [...pointers.map(({ stored }) => stored.name), ...values];
      return [...new Set(own)].filter((name) => !foreign.has(name)).sort();
    },
    put: async (context, scope, name, value) => {
      const text = reveal(value);
      checkValue(name, text, limit, tooLargeHint);
      refuseReferences(name, text);
      const [present, versions] = await Promise.all([
        read(context, scope, name),
        listVersions(context, scope, name),
      ]);
      if (present?.ours === false) throw foreignSecret(name, foreignOf(present).description);
      if (present !== undefined && (await readValue(context, scope, present.stored)) === text)
        return present.stored;
      // A run that was killed between the two writes has left the value that it was given: it is taken up.
      const next = countOf(present?.stored.version) + 1;
      const left = versions.filter((one) => countOf(one) === next);
      const values = await Promise.all(left.map((version) => readValue(context, scope, { name, version })));
      const written = left[values.indexOf(text)];
      const version = written ?? `${next}-${randomBytes(3).toString("hex")}`;
      if (written === undefined) await writeValue(context, scope, name, version, text);
      await point(context, scope, name, version, present !== undefined);
      const stored = await read(context, scope, name);
      if (stored !== undefined) return stored.stored;
      throw new DeployError({
        code: "secrets.unseen",
        message: `${name} was stored, and Systems Manager does not show it.`,
        hint: "Run the same again.",
        retryable: true,
      });
    },
    reveal: async (context, scope, name) => {
      const present = await read(context, scope, name);
      if (present === undefined || !present.ours) return undefined;
      const value = await readValue(context, scope, present.stored);
      return value === undefined ? undefined : redact(value);
    },
    remove: async (context, scope, name) => {
      const pointer = `${pathOf(scope)}/${name}`;
      const [present, versions] = await Promise.all([
        read(context, scope, name),
        listVersions(context, scope, name),
      ]);
      if (present?.ours === false) return;
      const names = versions.map((version) => `${pointer}/${version}`);
      // The pointer goes last: by it the rest is found again after an interruption.
      for (let at = 0; at < names.length; at += 10) {
        await clients.send(
          context,
          "ssm",
          "DeleteParameters",
          { Names: names.slice(at, at + 10) },
          { repeatable: true },
        );
      }
      if (present !== undefined) {
        await unlessGone(
          clients.send(context, "ssm", "DeleteParameter", { Name: pointer }, { repeatable: true }),
        );
      }
    },
  };
}

interface Listed {
  readonly stored: StoredSecret;
  readonly ours: boolean;
}

function listedOf(parameter: {
  readonly Name?: string | undefined;
  readonly ARN?: string | undefined;
  readonly Value?: string | undefined;
  readonly LastModifiedDate?: Date | undefined;
}): Listed {
  const pointer = readPointer(parameter.Value);
  const version = pointer?.version ?? "";
  const stored: StoredSecret = {
    name: parameter.Name?.split("/").at(-1) ?? "",
    version,
    location: `${parameter.ARN}/${version}`,
    setAt: (parameter.LastModifiedDate ?? new Date(0)).toISOString(),
    ...(pointer?.by === undefined ? {} : { setBy: pointer.by }),
  };
  return { stored, ours: pointer !== undefined };
}

function readPointer(value: string | undefined): Pointer | undefined {
  try {
    const pointer = JSON.parse(value ?? "") as Partial<Pointer> | null;
    return pointer?.deploy === 1 && typeof pointer.version === "string" ? (pointer as Pointer) : undefined;
  } catch {
    return undefined;
  }
}

function ours(listed: Listed): StoredSecret | Foreign<StoredSecret> {
  return listed.ours ? listed.stored : foreignOf(listed);
}

function foreignOf({ stored }: Listed): Foreign<StoredSecret> {
  return { foreign: true, description: `a parameter ${stored.name} is there that Deploy has not written` };
}

/** Versions are counted for people, and have a part by chance, so that none is used twice even after the secret was removed. */
function countOf(version: string | undefined): number {
  return Number.parseInt(version ?? "0", 10) || 0;
}

function byName(one: StoredSecret, other: StoredSecret): number {
  return one.name < other.name ? -1 : 1;
}

/** "You can't include values wrapped in double brackets {{}}" (PutParameter): AWS would take them for references. */
function refuseReferences(name: string, value: string): void {
  if (!/\{\{[\s\S]*\}\}/.test(value)) return;
  throw new DeployError({
    code: "secrets.unstorable",
    message: `The value of ${name} contains {{ }}, which Systems Manager does not store.`,
    hint: 'Encode it, or keep secrets in Secrets Manager: ecs({ secrets: "secrets-manager" }).',
  });
}
