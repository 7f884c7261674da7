import { randomUUID } from "node:crypto";
import { type Context, type Foreign, type Redacted, redact, reveal, type Scope } from "@deploy/core";
import { isAwsError, unlessGone } from "../errors.js";
import { appPath } from "../names.js";
import type { Parts } from "../parts.js";
import { appTags, ifOurs, isOfApp, readTags, upperTags } from "../tags.js";
import {
  checkValue,
  foreignSecret,
  type SecretFolder,
  type SecretStore,
  type StoredSecret,
} from "./store.js";

/** Longest value, bytes ("AWS Secrets Manager quotas"). */
const limit = 65_536;

/** What of a description is used. */
interface Described {
  readonly ARN?: string | undefined;
  readonly Name?: string | undefined;
  readonly Tags?:
    | readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[]
    | undefined;
  readonly DeletedDate?: Date | undefined;
  readonly LastChangedDate?: Date | undefined;
  readonly VersionIdsToStages?: Readonly<Record<string, readonly string[]>> | undefined;
  readonly SecretVersionsToStages?: Readonly<Record<string, readonly string[]>> | undefined;
}

/**
 * Secrets in Secrets Manager: one for each name, versions by their id. A task definition pins one with
 * `arn:…:secret:name-suffix:json-key:version-stage:version-id` ("Pass Secrets Manager secrets through Amazon ECS environment
 * variables"), which is `arn:::id` here.
 */
export function createManagerStore(
  { settings, clients }: Pick<Parts, "settings" | "clients">,
  folder: SecretFolder | "pull",
): SecretStore {
  const idOf = (scope: Scope, name: string): string => appPath(scope, folder, name).slice(1);
  const keyed = settings.secretsKey === undefined ? {} : { KmsKeyId: settings.secretsKey };

  const describe = async (context: Context, scope: Scope, name: string): Promise<Described | undefined> => {
    const input = { SecretId: idOf(scope, name) };
    const described = await unlessGone(clients.send(context, "secretsManager", "DescribeSecret", input));
    return described;
  };
  const present = async (
    context: Context,
    scope: Scope,
    name: string,
  ): Promise<StoredSecret | Foreign<StoredSecret> | undefined> => {
    const described = await describe(context, scope, name);
    const stored = described === undefined ? undefined : storedOf(described);
    if (described === undefined || stored === undefined) return undefined;
    return ifOurs("app", settings, scope, readTags(described.Tags), `the secret ${described.Name}`, stored);
  };
  const readValue = async (context: Context, scope: Scope, name: string): Promise<string | undefined> => {
    const input = { SecretId: idOf(scope, name) };
    const answer = await unlessGone(
      clients.send(context, "secretsManager", "GetSecretValue", input, { private: true }),
    );
    return answer?.SecretString;
  };
  const write = async (context: Context, scope: Scope, name: string, value: string): Promise<void> => {
    // The token makes both calls safe to repeat, and is the id of the version.
    const safe = { private: true, repeatable: true };
    const shared = { SecretString: value, ClientRequestToken: randomUUID() };
    const described = await describe(context, scope, name);
    const SecretId = idOf(scope, name);
    if (described === undefined) {
      const Tags = upperTags(appTags(settings, scope));
      try {
        await clients.send(
          context,
          "secretsManager",
          "CreateSecret",
          { Name: SecretId, Tags, ...shared, ...keyed },
          safe,
        );
        return;
      } catch (error) {
        if (!isAwsError(error, "ResourceExistsException")) throw error;
      }
    } else if (described.DeletedDate !== undefined) {
      await clients.send(context, "secretsManager", "RestoreSecret", { SecretId }, { repeatable: true });
    }
    await clients.send(context, "secretsManager", "PutSecretValue", { SecretId, ...shared }, safe);
  };

  const list = async (context: Context, scope: Scope): Promise<readonly StoredSecret[]> => {
    const prefix = idOf(scope, "");
    const input = { Filters: [{ Key: "name" as const, Values: [prefix] }], MaxResults: 100 };
    const found = await clients.all(
      context,
      "secretsManager",
      "ListSecrets",
      input,
      (page) => page.SecretList,
    );
    return found
      .filter((one) => one.Name?.startsWith(prefix) === true && isOfApp(readTags(one.Tags), scope))
      .flatMap((one) => storedOf(one) ?? [])
      .sort((one, other) => (one.name < other.name ? -1 : 1));
  };

  return {
    limit,
    find: present,
    list,
    // Name and value are stored by one call.
    names: async (context, scope) => (await list(context, scope)).map(({ name }) => name),
    put: async (context, scope, name, value) => {
      const text = reveal(value);
      checkValue(
        name,
        text,
        limit,
        "Keep it in a file or a bucket that the task may read, and its address here.",
      );
      const before = await present(context, scope, name);
      if (before !== undefined && "foreign" in before) throw foreignSecret(name, before.description);
      if (before !== undefined && (await readValue(context, scope, name)) === text) return before;
      await write(context, scope, name, text);
      const after = await present(context, scope, name);
      if (after === undefined || "foreign" in after)
        throw foreignSecret(name, "somebody else has changed it meanwhile");
      return after;
    },
    reveal: async (context, scope, name): Promise<Redacted | undefined> => {
      const stored = await present(context, scope, name);
      if (stored === undefined || "foreign" in stored) return undefined;
      const value = await readValue(context, scope, name);
      return value === undefined ? undefined : redact(value);
    },
    remove: async (context, scope, name) => {
      const stored = await present(context, scope, name);
      if (stored === undefined || "foreign" in stored) return;
      const input = { SecretId: idOf(scope, name), ForceDeleteWithoutRecovery: true };
      await unlessGone(clients.send(context, "secretsManager", "DeleteSecret", input, { repeatable: true }));
    },
  };
}

/** The present version; undefined when it has none, or is only waiting to be deleted. */
function storedOf(described: Described): StoredSecret | undefined {
  const stages = described.VersionIdsToStages ?? described.SecretVersionsToStages ?? {};
  const version = Object.keys(stages).find((id) => stages[id]?.includes("AWSCURRENT"));
  if (version === undefined || described.DeletedDate !== undefined) return undefined;
  return {
    name: described.Name?.split("/").at(-1) ?? "",
    version,
    location: `${described.ARN}:::${version}`,
    setAt: (described.LastChangedDate ?? new Date(0)).toISOString(),
  };
}
