import type { Context, Foreign, Resource, Scope } from "@deploy/core";
import { logGroupOf } from "../containers/families.js";
import { isAwsError, unlessGone } from "../errors.js";
import { idOf, providerName } from "../names.js";
import type { Finder } from "../owned.js";
import type { Parts } from "../parts.js";
import { ecsResource, readOnce } from "../resources.js";
import { appTags, ifOurs, isOfApp, type Tags } from "../tags.js";

/** The log group of a scope. */
export interface LogGroup {
  /** Days that lines are kept; 0: for ever, which is what CloudWatch does by itself. */
  readonly retentionDays: number;
}

interface FoundGroup extends LogGroup {
  readonly tags: Tags;
}

/** One group for everything that an app prints in an environment; its lines are kept for a time and then forgotten. */
export function logGroupNode(parts: Parts, scope: Scope): Resource<LogGroup, LogGroup> {
  const logGroupName = logGroupOf(scope);
  const keep = async (context: Context, { retentionDays }: LogGroup): Promise<LogGroup> => {
    await parts.clients.send(
      context,
      "logs",
      "PutRetentionPolicy",
      { logGroupName, retentionInDays: retentionDays },
      { repeatable: true },
    );
    return { retentionDays };
  };
  const read = async (context: Context): Promise<LogGroup | Foreign<LogGroup> | undefined> => {
    const found = await findGroup(parts, context, scope);
    if (found === undefined) return undefined;
    const { tags, retentionDays } = found;
    return ifOurs("app", parts.settings, scope, tags, `the log group ${logGroupName}`, { retentionDays });
  };
  return ecsResource<LogGroup, LogGroup>("logs", {
    id: idOf(parts.settings, "logs", scope, "group"),
    label: "log group",
    desired: { retentionDays: parts.settings.logRetentionDays },
    read,
    async create(context, desired) {
      try {
        const tags = { ...appTags(parts.settings, scope) };
        await parts.clients.send(
          context,
          "logs",
          "CreateLogGroup",
          { logGroupName, tags },
          { repeatable: true },
        );
      } catch (error) {
        if (!isAwsError(error, "ResourceAlreadyExistsException")) throw error;
      }
      return keep(context, desired);
    },
    update: keep,
    async adopt(context) {
      const arn = await groupArn(parts, context, scope);
      const tags = { ...appTags(parts.settings, scope) };
      if (arn !== undefined)
        await parts.clients.send(context, "logs", "TagResource", { resourceArn: arn, tags });
      const found = await loadGroup(parts, context, scope);
      return { retentionDays: found?.retentionDays ?? 0 };
    },
  });
}

/** The group as something to remove, unless logs are to be kept. It belongs to the past: a prune leaves it. */
export function findLogGroups(parts: Parts): Finder {
  return async (context, scope, { keepLogs }) => {
    if (keepLogs === true) return [];
    const found = await findGroup(parts, context, scope);
    if (found === undefined || !isOfApp(found.tags, scope)) return [];
    const logGroupName = logGroupOf(scope);
    return [
      {
        id: idOf(parts.settings, "logs", scope, "group"),
        label: "log group",
        provider: providerName,
        element: "logs",
        history: true,
        // What still runs would make it again with its next line.
        after: [idOf(parts.settings, "containers", scope)],
        async remove(own) {
          await unlessGone(
            parts.clients.send(own, "logs", "DeleteLogGroup", { logGroupName }, { repeatable: true }),
          );
        },
      },
    ];
  };
}

function findGroup(parts: Parts, context: Context, scope: Scope): Promise<FoundGroup | undefined> {
  return readOnce(parts.settings, context, `log group ${logGroupOf(scope)}`, () =>
    loadGroup(parts, context, scope),
  );
}

async function loadGroup(parts: Parts, context: Context, scope: Scope): Promise<FoundGroup | undefined> {
  const logGroupName = logGroupOf(scope);
  const { logGroups = [] } = await parts.clients.send(context, "logs", "DescribeLogGroups", {
    logGroupNamePrefix: logGroupName,
  });
  // Names are sorted, so the one that is the prefix itself comes first.
  const found = logGroups.find((group) => group.logGroupName === logGroupName);
  if (found === undefined) return undefined;
  const resourceArn = (found.logGroupArn ?? found.arn ?? "").replace(/:\*$/, "");
  const { tags = {} } = await parts.clients.send(context, "logs", "ListTagsForResource", { resourceArn });
  return { retentionDays: found.retentionInDays ?? 0, tags };
}

async function groupArn(parts: Parts, context: Context, scope: Scope): Promise<string | undefined> {
  const logGroupName = logGroupOf(scope);
  const { logGroups = [] } = await parts.clients.send(context, "logs", "DescribeLogGroups", {
    logGroupNamePrefix: logGroupName,
  });
  const found = logGroups.find((group) => group.logGroupName === logGroupName);
  return (found?.logGroupArn ?? found?.arn)?.replace(/:\*$/, "");
}
