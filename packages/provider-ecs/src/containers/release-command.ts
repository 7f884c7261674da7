import {
  type AnyResource,
  type Command,
  type Context,
  DeployError,
  type FieldChange,
  type In,
  isForeign,
  type Resource,
  type Scope,
  UNKNOWN,
} from "@deploy/core";
import { idOf, shortHash } from "../names.js";
import type { Parts } from "../parts.js";
import { ecsResource } from "../resources.js";
import type { Foundation } from "../servers/foundation.js";
import { listTasks } from "./describe.js";
import { shellText } from "./exec/script.js";
import { hashOf } from "./families.js";
import type { StoredManifest } from "./manifest.js";
import { readRelease } from "./release-node.js";
import { markCommandDone, markFailed } from "./release-state.js";
import { describeEnd, followTask, startTask, type TaskEnd, type TaskNetwork } from "./run-task.js";

/** Lines of output that go with a failure. */
const linesShown = 30;

/** A release command that has to have succeeded. */
export interface DesiredCommand {
  /** Digest of the image. */
  readonly image: string;
  readonly command: Command;
  readonly release: number;
  /** Of the definition that holds the manifest. */
  readonly manifest: string;
  readonly network?: TaskNetwork;
}

/** What is known of release commands. */
export interface ObservedCommand {
  /** {@link commandKey} of the one that has succeeded last. */
  readonly done?: string;
}

/** What the node of a release command is made from. */
export interface CommandOptions {
  readonly scope: Scope;
  readonly foundation: Foundation;
  readonly desired: { readonly [Key in keyof DesiredCommand]: In<DesiredCommand[Key]> };
  readonly timeoutMs: number;
  readonly rerun: boolean;
  readonly after: readonly AnyResource[];
  readonly taskDefinition: (context: Context, release: number) => Promise<string>;
}

/** What a release command is known by: the image and its own text. */
function commandKey(image: string, command: Command): string {
  return hashOf([image, command]);
}

/**
 * The release command as a gate: a task of its own, before any process is touched, in their network and with their
 * config and secrets. Its success is noted on the release and carried to the next ones of the same image.
 *
 * A run that was killed meanwhile finds its task by `startedBy` and takes its result, for as long as ECS knows it (an
 * hour after it stopped).
 */
export function releaseCommandNode(
  parts: Parts,
  options: CommandOptions,
): Resource<DesiredCommand, ObservedCommand> {
  const { scope, foundation } = options;
  const cluster = foundation.clusterName;

  const taskOf = async (context: Context, desired: DesiredCommand, startedBy: string): Promise<string> => {
    const known = await listTasks(parts, context, cluster, { startedBy, stopped: true });
    const usable = known
      .filter(({ lastStatus }) => !options.rerun || lastStatus !== "STOPPED")
      .sort((one, other) => (other.createdAt?.getTime() ?? 0) - (one.createdAt?.getTime() ?? 0));
    if (usable[0]?.taskArn !== undefined) return usable[0].taskArn;
    const task = await startTask(parts, context, scope, foundation, desired.network, {
      taskDefinition: await options.taskDefinition(context, desired.release),
      container: "release",
      script: shellText(desired.command),
      env: {},
      startedBy,
      token: shortHash(`${startedBy} ${known.length}`, 40),
    });
    return task.taskArn ?? "";
  };

  const run = async (context: Context, desired: DesiredCommand): Promise<ObservedCommand> => {
    const key = commandKey(desired.image, desired.command);
    const arn = await taskOf(context, desired, `deploy-release/${desired.release}/${key}`);
    const lastLines: string[] = [];
    const end = await followTask(parts, context, arn, {
      scope,
      cluster,
      container: "release",
      source: "release",
      release: desired.release,
      timeoutMs: options.timeoutMs,
      onLine: (line) => {
        lastLines.push(line);
        if (lastLines.length > linesShown) lastLines.shift();
        context.output(line, "stdout");
      },
      onState: (state) => context.log(`release command: ${state}`),
    });
    if (end.exitCode === 0 && !end.timedOut) {
      await markCommandDone(parts, context, desired.manifest, key);
      return { done: key };
    }
    const error = commandError(end, desired.release, options.timeoutMs, lastLines);
    const release = await readRelease(parts, context, scope);
    if (release !== undefined && !isForeign(release) && release.number === desired.release) {
      await markFailed(parts, context, release as StoredManifest, error.message);
    }
    throw error;
  };

  return ecsResource<DesiredCommand, ObservedCommand>("containers", {
    id: idOf(parts.settings, "containers", scope, "release-command"),
    label: "release command",
    verb: "run",
    desired: options.desired as Resource<DesiredCommand, ObservedCommand>["desired"],
    after: options.after,
    async read(context) {
      const release = await readRelease(parts, context, scope);
      if (release === undefined || isForeign(release)) return undefined;
      return release.commandDone === undefined ? {} : { done: release.commandDone };
    },
    diff(desired, observed) {
      if (desired === UNKNOWN) return [];
      const changes: FieldChange[] = [];
      if (desired.image === UNKNOWN) changes.push({ path: "image", unknown: true });
      else if (observed.done !== commandKey(desired.image, desired.command as Command)) {
        changes.push({ path: "image", to: desired.image.slice(0, 19) });
      }
      if (options.rerun) changes.push({ path: "state", from: "succeeded", to: "run again" });
      return changes;
    },
    create: run,
    update: run,
  });
}

function commandError(
  end: TaskEnd,
  release: number,
  timeoutMs: number,
  lastLines: readonly string[],
): DeployError {
  const stays = "The processes were left as they are.";
  const details = {
    release,
    ...(end.exitCode === undefined ? {} : { exitCode: end.exitCode }),
    ...(end.task.stoppedReason === undefined ? {} : { stoppedReason: end.task.stoppedReason }),
    lastLines,
  };
  if (end.timedOut) {
    return new DeployError({
      code: "containers.release-command-timeout",
      message: `The release command did not end within ${Math.round(timeoutMs / 1000)} s and was stopped. ${stays}`,
      hint: "Look at its output, mend it and deploy again.",
      details,
    });
  }
  if (end.exitCode !== undefined) {
    return new DeployError({
      code: "containers.release-command-failed",
      message: `The release command ended with ${end.exitCode}. ${stays}`,
      hint: "Look at its output, mend it and deploy again.",
      details,
    });
  }
  const { message, hint } = describeEnd(end, "release");
  return new DeployError({
    code: "containers.release-command-not-started",
    message: `The release command could not run: ${message}. ${stays}`,
    hint,
    details,
  });
}
