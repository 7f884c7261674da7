import { type Command, DeployError } from "@deploy/core";
import type { ReleaseRecord } from "../protocol.js";
import { runCommand } from "./command-run.js";
import type { EnvironmentState, StateWriter } from "./environment-state.js";
import type { Machinery, Reporter } from "./machinery.js";

/**
 * Runs the release command of a release, once, with its output stored by release.
 *
 * @throws `containers.release-command-failed` with exit code and last lines; `containers.release-command-timeout`.
 */
export async function runReleaseCommand(
  machinery: Machinery,
  state: EnvironmentState,
  writer: StateWriter,
  request: {
    readonly release: ReleaseRecord;
    readonly command: Command;
    readonly timeoutMs: number;
    readonly again: boolean;
  },
  reporter: Reporter,
): Promise<void> {
  const { release, command } = request;
  const before = state.releaseCommand;
  // Two runs may have asked for it, one of them killed meanwhile: what has succeeded for this image is done.
  const done =
    before?.state === "succeeded" && before.image === release.image.digest && same(before.command, command);
  if (done && !request.again) return;
  const scope = { app: state.app, environment: state.environment, release: release.number };
  const started = { image: release.image.digest, command, release: release.number };
  state.releaseCommand = { ...started, state: "running", at: new Date().toISOString() };
  await writer.save();
  const result = await runCommand(machinery, state, writer, {
    command,
    release,
    process: "release",
    timeoutMs: request.timeoutMs,
    signal: machinery.leaving,
    onLine: async (text, stream) => {
      reporter.output(text, stream);
      await machinery.logs.appendReleaseOutput({ ...scope, command: "release", stream, text });
    },
  }).catch(async (thrown: unknown) => {
    state.releaseCommand = { ...started, state: "failed", at: new Date().toISOString() };
    await writer.save().catch(() => {});
    throw thrown;
  });
  const { exitCode } = result;
  const succeeded = exitCode === 0 && !result.timedOut;
  state.releaseCommand = {
    ...started,
    state: succeeded ? "succeeded" : "failed",
    exitCode,
    at: new Date().toISOString(),
  };
  if (!succeeded) {
    // Run again on purpose, its failure says nothing about a release that has served: that one can still be gone back to.
    state.releases = state.releases.map((one) =>
      one.number === release.number && one.state === "pending"
        ? { ...one, state: "failed", failure: `release command: exit code ${exitCode}` }
        : one,
    );
  }
  await writer.save();
  if (succeeded) return;
  const serving =
    state.serving === undefined
      ? "Nothing was put into service."
      : `Release ${state.serving.release} goes on serving.`;
  throw new DeployError({
    code: result.timedOut ? "containers.release-command-timeout" : "containers.release-command-failed",
    message: result.timedOut
      ? `The release command did not end within ${request.timeoutMs / 1000} s and was stopped. ${serving}`
      : `The release command failed with exit code ${exitCode}. ${serving}`,
    hint: `Mend it and run the same again; its output: deploy logs release --release ${release.number}`,
    details: { release: release.number, exitCode, lastLines: result.lastLines },
  });
}

function same(one: Command, other: Command): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
