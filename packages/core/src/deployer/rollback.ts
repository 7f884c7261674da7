import { isSupported } from "../elements/capability.js";
import type { Release, StoredRelease } from "../elements/containers.js";
import type { Operation } from "../engine/events.js";
import { createOperation } from "../engine/operation.js";
import { DeployError } from "../errors.js";
import type { Composition } from "./compose.js";
import { anySignal, callContext } from "./context.js";
import { underLease } from "./lease.js";
import { preparePart } from "./prepare.js";
import { requireElement, requireSupport } from "./providers.js";
import { applyRun } from "./run-plan.js";
import { guardAccount, guardConfirmation, type Session } from "./session.js";
import type { UpOptions, UpResult } from "./types.js";
import { readSource } from "./up.js";

/** Puts an earlier release into service again, as a new number; a part of the graph, so nothing is removed. */
export function rollback(
  session: Session,
  options: UpOptions & { readonly to?: number },
): Operation<UpResult> {
  return createOperation(
    async (emit, signal) => {
      const startedAt = session.surroundings.clock.now();
      const { target } = session.environment.providers;
      requireSupport(target, "containers", "roll back", target.containers.capabilities.rollback);
      guardConfirmation(session.environment, options.confirm);
      await guardAccount(session, signal);
      const lease = { operation: "rollback", signal, emit, waitMs: options.lockWaitMs };
      return underLease(session, lease, async (check) => {
        const context = callContext(session.surroundings, signal);
        const releases = await target.containers.releases(context, session.scope);
        const chosen = chooseRelease(releases, options.to);
        const stored = await target.containers.releaseSpec(context, session.scope, chosen.number);
        const composition = await composeRollback(session, stored, options.message, signal);
        const run = await preparePart(session, composition, options, { operation: "rollback", signal, emit });
        return applyRun(session, run, { emit, signal, check, startedAt, saved: options.plan });
      });
    },
    anySignal(session.surroundings.signal, options.signal),
  );
}

/**
 * The release to go back to: the given one, else the newest that has served before the present one. A rollback
 * counts as the release it repeats, so that two in a row go back twice instead of forth again.
 *
 * @throws `rollback.nothing-to-roll-back-to`, `rollback.unknown-release`, `rollback.failed-release`,
 * `rollback.already-active`.
 */
export function chooseRelease(releases: readonly Release[], to: number | undefined): Release {
  const active = releases.find((release) => release.state === "active");
  if (to !== undefined) return chosenRelease(releases, active, to);
  const present = active === undefined ? Number.POSITIVE_INFINITY : (active.origin.repeats ?? active.number);
  const earlier = releases
    .filter((release) => release.state === "superseded" && release.number < present)
    .sort((one, other) => other.number - one.number)[0];
  if (earlier !== undefined) return earlier;
  throw new DeployError({
    code: "rollback.nothing-to-roll-back-to",
    message:
      active === undefined
        ? "No release has ever served here."
        : `No release has served before release ${present}.`,
    hint: "Deploy an earlier commit, or name a release: deploy rollback <number>.",
    details: { releases: numbersOf(releases) },
  });
}

function chosenRelease(releases: readonly Release[], active: Release | undefined, to: number): Release {
  const found = releases.find((release) => release.number === to);
  if (found === undefined) {
    const known = releases.map((release) => release.number).sort((one, other) => other - one);
    throw new DeployError({
      code: "rollback.unknown-release",
      message: `There is no release ${to}.`,
      hint: known.length === 0 ? "Nothing has been released here yet." : `Known: ${known.join(", ")}.`,
      details: { releases: known },
    });
  }
  if (found.number === active?.number) {
    throw new DeployError({
      code: "rollback.already-active",
      message: `Release ${to} is the one in service.`,
      hint: "Name an earlier one, or restart the processes instead.",
    });
  }
  if (found.state === "superseded") return found;
  throw new DeployError({
    code: "rollback.failed-release",
    message: `Release ${to} has never served: it is ${found.state}.`,
    hint: `Name one that has: ${numbersOf(releases).join(", ") || "there is none"}.`,
    details: { releases: numbersOf(releases) },
  });
}

function numbersOf(releases: readonly Release[]): readonly number[] {
  return releases.filter((release) => release.state === "superseded").map((release) => release.number);
}

/** The stored release as a graph: no release command, and as many instances as there are now. */
async function composeRollback(
  session: Session,
  stored: StoredRelease,
  message: string | undefined,
  signal: AbortSignal,
): Promise<Composition> {
  const { environment, scope } = session;
  const { target, images, secrets } = environment.providers;
  const context = callContext(session.surroundings, signal);
  const { release } = stored;
  const [image, source] = await Promise.all([
    requireElement(images, "images").image(context, scope, { kind: "existing", image: release.image }),
    readSource(session),
  ]);
  const running = new Set(environment.processes.map((process) => process.name));
  const rollout = target.containers.rollout(scope, {
    image: image.image,
    ...(image.pull === undefined ? {} : { pull: image.pull }),
    config: release.config,
    secrets: release.secrets,
    sensitiveConfig: stored.sensitiveConfig,
    // A rollback in the middle of an incident must not take instances away from what is running.
    processes: stored.processes.map(({ instances, ...process }) =>
      running.has(process.name) || instances === undefined ? process : { ...process, instances },
    ),
    jobs: stored.jobs,
    origin: {
      author: source.author,
      ...(release.origin.commit === undefined ? {} : { commit: release.origin.commit }),
      ...(release.origin.dirty === undefined ? {} : { dirty: release.origin.dirty }),
      message: message ?? `Back to release ${release.number}`,
      repeats: release.origin.repeats ?? release.number,
    },
    beforeReleaseCommand: () => [],
    after: [],
  });
  const versions = secrets.secrets?.capabilities.versions;
  return {
    resources: [...image.resources, ...rollout.resources, ...rollout.serving],
    release: rollout.release,
    notes: [
      `Release ${release.number} comes back: ${release.image.digest}. Its release command is not undone.`,
      ...(release.secrets.length === 0 || isSupported(versions)
        ? []
        : [`Secrets keep their present values: ${secrets.name} does not keep earlier ones.`]),
    ],
    problems: [],
  };
}
