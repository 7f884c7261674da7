import {
  type Command,
  type Context,
  DeployError,
  mapOut,
  type Out,
  output,
  type ReleaseSpec,
  type Resource,
  type Scope,
} from "@deploy/core";
import { call, idOf, keyOf, type Surroundings } from "./api.js";
import { readServing, type SeenRelease } from "./releases.js";

/** The release command as a gate of the rollout: open once it has succeeded for this image. */
export function commandResource(
  own: Surroundings,
  scope: Scope,
  command: Command,
  spec: ReleaseSpec,
  release: Resource<never, SeenRelease>,
): Resource<{ digest: string; release: number }, { digest: string }> {
  const run = async (
    context: Context,
    wanted: { digest: string; release: number },
  ): Promise<{ digest: string }> => {
    const path = ["scopes", keyOf(scope), "commands", String(wanted.release)];
    const { exitCode, output: text } = await call<{ exitCode: number; output: string }>(
      own,
      context,
      "POST",
      path,
      {
        body: { command },
        code: "containers",
      },
    );
    for (const line of text.split("\n").slice(0, -1)) context.output(line, "stdout");
    if (exitCode === 0) return { digest: wanted.digest };
    throw new DeployError({
      code: "containers.release-command-failed",
      message: `The release command ended with ${exitCode}; the processes were left as they are.`,
      hint: "Look at its output, mend it and deploy again.",
      details: { exitCode },
    });
  };
  const number = output(release, (one) => one.number);
  return {
    id: idOf(own, "containers", scope, "release-command"),
    label: "release command",
    provider: own.name,
    element: "containers",
    verb: "run",
    desired: {
      digest: mapOut(spec.image as Out<{ digest: string }>, (image) => image.digest),
      release: number,
    },
    after: spec.beforeReleaseCommand(number),
    pollEvery: 5,
    async read(context) {
      const { migrated } = await readServing(own, context, scope);
      return migrated === null ? undefined : { digest: migrated };
    },
    diff(desired, observed) {
      const digest = typeof desired === "symbol" ? desired : desired.digest;
      if (typeof digest === "symbol") return [{ path: "image", from: observed.digest, unknown: true }];
      if (digest !== observed.digest) return [{ path: "image", from: observed.digest, to: digest }];
      return spec.rerunReleaseCommand === true ? [{ path: "state", from: "succeeded", to: "run again" }] : [];
    },
    create: run,
    update: (context, wanted) => run(context, wanted),
  };
}
