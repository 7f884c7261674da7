import type { Provider } from "../elements/provider.js";
import { assertUnblocked } from "../engine/apply-plan.js";
import type { Operation } from "../engine/events.js";
import { prepareRemoval } from "../engine/make-removal.js";
import { createOperation } from "../engine/operation.js";
import { DeployError } from "../errors.js";
import { anySignal, baseContext, callContext, sharedContext } from "./context.js";
import { underLease } from "./lease.js";
import { accounts } from "./prepare.js";
import { usedProviders, withOwnedRecords } from "./providers.js";
import { announce, applyAnnounced } from "./run-plan.js";
import { guardAccount, type Session } from "./session.js";
import type { DownOptions, DownResult } from "./types.js";

/** Removes an environment: everything that any of its providers holds of it, but for data that is not named. */
export function down(session: Session, options: DownOptions): Operation<DownResult> {
  return createOperation(
    async (emit, signal) => {
      const startedAt = session.surroundings.clock.now();
      const say = announce(session, emit);
      guardTypedName(session, options.confirm);
      await guardAccount(session, signal);
      return underLease(session, { operation: "down", signal, emit }, async (check) => {
        const owned = options.keepLogs === true ? { keepLogs: true } : undefined;
        const providers = usedProviders(session.environment).map((one) => withOwnedRecords(one, owned));
        const prepared = await prepareRemoval({
          scope: session.scope,
          providers,
          context: baseContext(session.surroundings, signal),
          identities: accounts(session, callContext(session.surroundings, signal)),
          options: { force: true, deleteData: options.deleteData ?? [] },
          emit,
        });
        assertUnblocked(prepared.plan);
        const applied = await applyAnnounced(session, prepared, { emit, signal, check, startedAt });
        const keptIds = new Set(prepared.plan.kept.map((kept) => kept.id));
        const left = await stillThere(session, providers, keptIds, signal);
        const seconds = say.seconds(startedAt);
        say.finished(seconds, finishedMessage(session, prepared.plan.kept.length, left));
        const labels = new Map(prepared.plan.changes.map((change) => [change.id, change.label]));
        return {
          removed: applied.removed.map((id) => labels.get(id) ?? id),
          kept: prepared.plan.kept.map(({ label, reason }) => ({ label, reason })),
          left,
          seconds,
        };
      });
    },
    anySignal(session.surroundings.signal, options.signal),
  );
}

function guardTypedName(session: Session, confirm: string): void {
  const { app, environment } = session.scope;
  if (confirm === app) return;
  throw new DeployError({
    code: "down.confirmation-needed",
    message: `Removing ${app} from ${environment} needs the app's name, typed.`,
    hint: `Confirm with it: --confirm=${app}.`,
    details: { app, environment },
  });
}

/** Looks again at every vendor, with nothing remembered: the proof of the removal. */
async function stillThere(
  session: Session,
  providers: readonly Provider[],
  kept: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const context = sharedContext(callContext(session.surroundings, signal));
  const owned = await Promise.all(
    providers.map((provider) => provider.owned?.(context, session.scope) ?? []),
  );
  return owned
    .flat()
    .filter((one) => !kept.has(one.id))
    .map((one) => one.label);
}

function finishedMessage(session: Session, kept: number, left: readonly string[]): string {
  const { app, environment } = session.scope;
  if (left.length > 0) return `Still there of ${app} in ${environment}: ${left.join(", ")}.`;
  const rest = kept === 0 ? "nothing is left" : `${kept} kept for their data`;
  return `${app} is gone from ${environment}; ${rest}.`;
}
