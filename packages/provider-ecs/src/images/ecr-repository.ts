import type { Context, FieldChange, Foreign, Resource, Scope } from "@deploy/core";
import { isAwsError, unlessGone } from "../errors.js";
import { providerName } from "../names.js";
import type { Parts } from "../parts.js";
import { ecsResource } from "../resources.js";
import { readTags, type Tags, tagKey, upperTags } from "../tags.js";

/** One repository for each app, which all its environments share, so that layers are there once and a promotion copies nothing. */
export function repositoryName(scope: Pick<Scope, "app">): string {
  return `deploy/${scope.app}`;
}

/** Id of the repository's resource. It belongs to the app, not to an environment. */
export function repositoryId(parts: Pick<Parts, "settings">, scope: Scope): string {
  return [providerName, "images", parts.settings.region, scope.app, "repository"].join("/");
}

/** A repository as it is. */
export interface RepositoryObserved {
  readonly name: string;
  readonly arn: string;
  /** Host and path: what an image's name begins with. */
  readonly uri: string;
  readonly scanOnPush: boolean;
  readonly immutableTags: boolean;
  /** The rules as AWS holds them, in a form that can be compared; absent without rules. */
  readonly lifecycle: string | undefined;
  readonly tags: Tags;
}

interface RepositoryDesired {
  readonly name: string;
  readonly scanOnPush: boolean;
  readonly immutableTags: boolean;
  readonly lifecycle: string;
  readonly environment: string;
}

/**
 * Tag that says who uses the repository: the environment up to its first slash. Review apps come and go by the dozen, and a
 * resource holds 50 tags ("Tagging your AWS resources").
 */
export function userTag(scope: Scope): string {
  return `${tagKey.environment}:${scope.environment.split("/")[0]}`;
}

/**
 * What no tag names any more is removed after two weeks. Images with a tag stay: which of them some environment still runs
 * no rule can know, and a task that restarts has to find its image.
 */
const lifecyclePolicy = {
  rules: [
    {
      rulePriority: 1,
      description: "What no tag names any more goes after two weeks",
      selection: { tagStatus: "untagged", countType: "sinceImagePushed", countUnit: "days", countNumber: 14 },
      action: { type: "expire" },
    },
  ],
};

/** The app's repository: scanned on push, tags that cannot be moved, lifecycle rules. */
export function repository(parts: Parts, scope: Scope): Resource<RepositoryDesired, RepositoryObserved> {
  const { clients } = parts;
  const name = repositoryName(scope);
  const tags: Tags = { [tagKey.app]: scope.app, [userTag(scope)]: "true" };
  const putLifecycle = async (context: Context): Promise<void> => {
    const input = { repositoryName: name, lifecyclePolicyText: JSON.stringify(lifecyclePolicy) };
    await clients.send(context, "ecr", "PutLifecyclePolicy", input, { repeatable: true });
  };
  const readBack = async (context: Context): Promise<RepositoryObserved> => {
    const found = await readRepository(parts, context, scope);
    if (found === undefined) throw new Error(`${name} vanished while it was made`);
    return found;
  };
  return ecsResource<RepositoryDesired, RepositoryObserved>("images", {
    id: repositoryId(parts, scope),
    label: `repository ${name}`,
    holdsData: `images of ${scope.app}`,
    desired: {
      name,
      scanOnPush: true,
      immutableTags: true,
      lifecycle: comparable(lifecyclePolicy),
      environment: userTag(scope),
    },
    async read(context): Promise<RepositoryObserved | Foreign<RepositoryObserved> | undefined> {
      const found = await sharedRepository(parts, context, scope);
      if (found === undefined || found.tags[tagKey.app] === scope.app) return found;
      return {
        foreign: true,
        description: `the repository ${name} is there already, and it does not carry our tags`,
        observed: found,
      };
    },
    diff: (_desired, observed) => {
      const changes: FieldChange[] = [];
      if (!observed.scanOnPush) changes.push({ path: "scanOnPush", from: false, to: true });
      if (!observed.immutableTags) changes.push({ path: "immutableTags", from: false, to: true });
      if (observed.lifecycle !== comparable(lifecyclePolicy)) {
        changes.push({
          path: "lifecycle",
          from: observed.lifecycle ?? null,
          to: comparable(lifecyclePolicy),
        });
      }
      for (const [key, value] of Object.entries(tags)) {
        if (observed.tags[key] !== value)
          changes.push({ path: `tags.${key}`, from: observed.tags[key] ?? null, to: value });
      }
      return changes;
    },
    async create(context) {
      await clients.send(context, "ecr", "CreateRepository", {
        repositoryName: name,
        imageTagMutability: "IMMUTABLE",
        imageScanningConfiguration: { scanOnPush: true },
        tags: upperTags(tags),
      });
      await putLifecycle(context);
      return readBack(context);
    },
    async update(context, _desired, observed) {
      const again = { repeatable: true };
      if (!observed.scanOnPush) {
        const input = { repositoryName: name, imageScanningConfiguration: { scanOnPush: true } };
        await clients.send(context, "ecr", "PutImageScanningConfiguration", input, again);
      }
      if (!observed.immutableTags) {
        const input = { repositoryName: name, imageTagMutability: "IMMUTABLE" as const };
        await clients.send(context, "ecr", "PutImageTagMutability", input, again);
      }
      if (observed.lifecycle !== comparable(lifecyclePolicy)) await putLifecycle(context);
      if (Object.entries(tags).some(([key, value]) => observed.tags[key] !== value)) {
        await clients.send(
          context,
          "ecr",
          "TagResource",
          { resourceArn: observed.arn, tags: upperTags(tags) },
          again,
        );
      }
      return readBack(context);
    },
    async adopt(context) {
      const { arn } = await readBack(context);
      await clients.send(
        context,
        "ecr",
        "TagResource",
        { resourceArn: arn, tags: upperTags(tags) },
        { repeatable: true },
      );
      return readBack(context);
    },
  });
}

/** The repository, read once per plan. */
export function sharedRepository(
  parts: Parts,
  context: Context,
  scope: Scope,
): Promise<RepositoryObserved | undefined> {
  const key = `ecs repository ${parts.settings.region} ${repositoryName(scope)}`;
  return context.shared(key, () => readRepository(parts, context, scope));
}

async function readRepository(
  { clients }: Pick<Parts, "clients">,
  context: Context,
  scope: Scope,
): Promise<RepositoryObserved | undefined> {
  const name = repositoryName(scope);
  const lifecycle = clients
    .send(context, "ecr", "GetLifecyclePolicy", { repositoryName: name })
    .then((answer) => answer.lifecyclePolicyText)
    .catch((error: unknown) => {
      if (isAwsError(error, "LifecyclePolicyNotFoundException", "RepositoryNotFoundException"))
        return undefined;
      throw error;
    });
  const described = unlessGone(
    clients.send(context, "ecr", "DescribeRepositories", { repositoryNames: [name] }),
  );
  const [policy, answer] = await Promise.all([lifecycle, described]);
  const found = answer?.repositories?.[0];
  if (found?.repositoryArn === undefined || found.repositoryUri === undefined) return undefined;
  const tagged = await clients.send(context, "ecr", "ListTagsForResource", {
    resourceArn: found.repositoryArn,
  });
  return {
    name,
    arn: found.repositoryArn,
    uri: found.repositoryUri,
    scanOnPush: found.imageScanningConfiguration?.scanOnPush === true,
    immutableTags: found.imageTagMutability === "IMMUTABLE",
    lifecycle: policy === undefined ? undefined : comparable(parse(policy)),
    tags: readTags(tagged.tags),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** JSON with sorted members: AWS hands rules back in an order of its own. */
function comparable(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(comparable).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const fields = value as Readonly<Record<string, unknown>>;
  const pairs = Object.keys(fields)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${comparable(fields[key])}`);
  return `{${pairs.join(",")}}`;
}
