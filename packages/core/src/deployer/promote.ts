import type { Release } from "../elements/containers.js";
import type { Operation } from "../engine/events.js";
import { createOperation } from "../engine/operation.js";
import { DeployError } from "../errors.js";
import { anySignal } from "./context.js";
import { underLease } from "./lease.js";
import { assertCapable, prepareEverything } from "./prepare.js";
import { requireElement, requireSupport } from "./providers.js";
import { applyRun } from "./run-plan.js";
import { guardAccount, guardConfirmation, type Session } from "./session.js";
import type { Deployer, UpOptions, UpResult } from "./types.js";
import { readSource, releaseOptions } from "./up.js";

/** Releases the image that serves in the other environment, with the config of this one. */
export function promoteFrom(session: Session, source: Deployer, options: UpOptions): Operation<UpResult> {
  return createOperation(
    async (emit, signal) => {
      const startedAt = session.surroundings.clock.now();
      const { images } = session.environment.providers;
      const { promotion } = requireElement(images, "images").capabilities;
      requireSupport(images, "images", "release an image of another environment", promotion);
      refuseOtherApp(session, source);
      guardConfirmation(session.environment, options.confirm);
      assertCapable(session);
      await guardAccount(session, signal);
      const lease = { operation: "promote", signal, emit, waitMs: options.lockWaitMs };
      return underLease(session, lease, async (check) => {
        const [releases, { author }] = await Promise.all([source.releases(), readSource(session)]);
        const promoted = activeRelease(source, releases);
        const { commit, dirty, message } = promoted.origin;
        const said = options.message ?? message;
        const release = {
          image: { kind: "existing", image: promoted.image } as const,
          origin: {
            author,
            ...(commit === undefined ? {} : { commit }),
            ...(dirty === undefined ? {} : { dirty }),
            ...(said === undefined ? {} : { message: said }),
            promotedFrom: `${source.environment.name} release ${promoted.number}`,
          },
          ...releaseOptions(options),
        };
        const run = await prepareEverything(session, release, options, {
          operation: "promote",
          signal,
          emit,
        });
        return applyRun(session, run, { emit, signal, check, startedAt, saved: options.plan });
      });
    },
    anySignal(session.surroundings.signal, options.signal),
  );
}

function refuseOtherApp(session: Session, source: Deployer): void {
  const other = source.environment;
  if (other.app === session.environment.app && other.name !== session.environment.name) return;
  throw new DeployError({
    code: "promotion.other-app",
    message:
      other.app === session.environment.app
        ? `${other.name} cannot be promoted to itself.`
        : `${other.app} in ${other.name} is another app than ${session.environment.app}.`,
    hint: "Promote from another environment of the same app.",
  });
}

function activeRelease(source: Deployer, releases: readonly Release[]): Release {
  const active = releases.find((release) => release.state === "active");
  if (active !== undefined) return active;
  throw new DeployError({
    code: "promotion.nothing-in-service",
    message: `Nothing is in service in ${source.environment.name}, so there is nothing to promote.`,
    hint: `Deploy ${source.environment.name} first.`,
  });
}
