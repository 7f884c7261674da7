import type { Context, Scope } from "@deploy/core";
import { unlessGone } from "../errors.js";
import { appPath } from "../names.js";
import type { Parts } from "../parts.js";
import { readOnce } from "../resources.js";
import { appTags, upperTags } from "../tags.js";

/**
 * What was done for an add-on by a task of ours: AWS forgets a task an hour after its end. Nothing in it is a secret.
 */
export interface Mark {
  readonly deploy: 1;
  /** What was done: extensions by name, the release that a backup was taken before. */
  readonly value: string;
  readonly state: "running" | "done";
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** ARN of the task that does it. */
  readonly task?: string;
}

type MarkParts = Pick<Parts, "settings" | "clients">;

function pathOf(scope: Scope): string {
  return appPath(scope, "marks");
}

/** Marks of a scope by name; one call for each ten of them, made once per plan. */
export function sharedMarks(
  { settings, clients }: MarkParts,
  context: Context,
  scope: Scope,
): Promise<ReadonlyMap<string, Mark>> {
  const input = { Path: pathOf(scope), MaxResults: 10 };
  return readOnce(settings, context, `marks ${pathOf(scope)}`, async () => {
    const found = await clients.all(context, "ssm", "GetParametersByPath", input, (page) => page.Parameters);
    return new Map(
      found.flatMap(({ Name, Value }) => {
        const mark = parse(Value);
        return mark === undefined || Name === undefined
          ? []
          : [[Name.slice(Name.lastIndexOf("/") + 1), mark] as const];
      }),
    );
  });
}

/** Writes a mark over the one before. */
export async function putMark(
  { settings, clients }: MarkParts,
  context: Context,
  scope: Scope,
  name: string,
  mark: Omit<Mark, "deploy">,
): Promise<void> {
  const Name = `${pathOf(scope)}/${name}`;
  const Value = JSON.stringify({ deploy: 1, ...mark });
  const input = { Name, Value, Type: "String" as const, Overwrite: true };
  const { Version } = await clients.send(context, "ssm", "PutParameter", input, { repeatable: true });
  if (Version !== 1) return;
  // Tags cannot be given where something may be overwritten.
  const tags = {
    ResourceType: "Parameter" as const,
    ResourceId: Name,
    Tags: upperTags(appTags(settings, scope)),
  };
  await clients.send(context, "ssm", "AddTagsToResource", tags, { repeatable: true });
}

/** Removes a mark; unknown names are fine. */
export async function removeMark(
  { clients }: MarkParts,
  context: Context,
  scope: Scope,
  name: string,
): Promise<void> {
  const input = { Name: `${pathOf(scope)}/${name}` };
  await unlessGone(clients.send(context, "ssm", "DeleteParameter", input, { repeatable: true }));
}

function parse(text: string | undefined): Mark | undefined {
  try {
    const mark = JSON.parse(text ?? "") as Partial<Mark> | null;
    return mark?.deploy === 1 && typeof mark.value === "string" ? (mark as Mark) : undefined;
  } catch {
    return undefined;
  }
}
