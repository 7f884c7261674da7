import type { Context, Scope } from "@deploy/core";
import { isAwsError } from "../errors.js";
import type { Parts } from "../parts.js";
import { isOfApp, readTags } from "../tags.js";
import { describeTaskDefinition } from "./describe.js";
import { readTaskDefinitionArn } from "./families.js";
import { revisionsRead } from "./release-list.js";

/** Revisions that are forgotten of a family in one run: as many as one DeleteTaskDefinitions takes; the rest the next time. */
const forgottenAtOnce = 10;
/** Families that are looked at in one run: of a hundred processes, each has its turn once in ten releases. */
const familiesAtOnce = 10;
/** The outcome of a run is known by then, and does not wait longer for this, milliseconds. */
const withinMs = 15_000;

/**
 * Deregisters and deletes the revisions of these families which lie behind those that the list of releases looks at: nothing
 * can go back to them. What is not marked as ours stays. Never fails, and says when something is left. No call as long as the
 * release that came into service has one of the first revisions.
 */
export async function forgetRevisions(
  parts: Parts,
  context: Context,
  scope: Scope,
  release: { readonly number: number; readonly manifest: string },
  families: readonly string[],
): Promise<void> {
  if ((readTaskDefinitionArn(release.manifest)?.revision ?? 0) <= revisionsRead) return;
  const from = families.length <= familiesAtOnce ? 0 : (release.number * familiesAtOnce) % families.length;
  const turn = [...families.slice(from), ...families.slice(0, from)].slice(0, familiesAtOnce);
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(withinMs)]);
  const own = { ...context, signal };
  const ended = await Promise.allSettled(turn.map((family) => forgetOf(parts, own, scope, family)));
  const failed = ended.find((one) => one.status === "rejected");
  if (failed === undefined) return;
  const why = failed.reason instanceof Error ? failed.reason.message : String(failed.reason);
  context.log(`Old task definitions are left, which cost nothing; the next release tries again: ${why}`);
}

async function forgetOf(parts: Parts, context: Context, scope: Scope, family: string): Promise<void> {
  const input = { familyPrefix: family, status: "ACTIVE", sort: "DESC", maxResults: 100 } as const;
  const { taskDefinitionArns = [] } = await parts.clients.send(context, "ecs", "ListTaskDefinitions", input);
  const old = taskDefinitionArns
    .flatMap((arn) => {
      const read = readTaskDefinitionArn(arn);
      // An emulator takes the name of the family for the beginning of one.
      return read?.family === family ? [{ arn, revision: read.revision }] : [];
    })
    // Not left to the answer's order alone: the newest is the one in service.
    .sort((one, other) => other.revision - one.revision)
    .slice(revisionsRead, revisionsRead + forgottenAtOnce)
    .map(({ arn }) => arn);
  // Nothing goes on behind the run's back, and what was deregistered is deleted whatever became of the others.
  const ended = await Promise.allSettled(old.map((arn) => deregister(parts, context, scope, arn)));
  const taskDefinitions = old.filter((_, index) => {
    const one = ended[index];
    return one?.status === "fulfilled" && one.value;
  });
  const failed = ended.find((one) => one.status === "rejected");
  if (taskDefinitions.length > 0) await remove(parts, context, taskDefinitions);
  if (failed !== undefined) throw failed.reason;
}

async function remove(parts: Parts, context: Context, taskDefinitions: readonly string[]): Promise<void> {
  await parts.clients.send(
    context,
    "ecs",
    "DeleteTaskDefinitions",
    { taskDefinitions: [...taskDefinitions] },
    { repeatable: true },
  );
}

/** Whether it was ours, and is registered no longer. */
async function deregister(
  parts: Parts,
  context: Context,
  scope: Scope,
  taskDefinition: string,
): Promise<boolean> {
  const found = await describeTaskDefinition(parts, context, taskDefinition);
  if (found === undefined || !isOfApp(readTags(found.tags), scope)) return false;
  try {
    await parts.clients.send(
      context,
      "ecs",
      "DeregisterTaskDefinition",
      { taskDefinition },
      { repeatable: true },
    );
  } catch (error) {
    // Another run was quicker.
    if (!isAwsError(error, "ClientException")) throw error;
  }
  return true;
}
