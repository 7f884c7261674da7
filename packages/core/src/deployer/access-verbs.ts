import type { Access, Grant, Role } from "../elements/access.js";
import { isSupported } from "../elements/capability.js";
import type { Provider } from "../elements/provider.js";
import { assertUnblocked } from "../engine/apply-plan.js";
import { createOperation } from "../engine/operation.js";
import { DeployError, toDeployError } from "../errors.js";
import { anySignal } from "./context.js";
import { underLease } from "./lease.js";
import { prepareResources } from "./prepare.js";
import { requireElement, requireSupport } from "./providers.js";
import { announce, applyAnnounced } from "./run-plan.js";
import { guardAccount, guardedContext, type Session } from "./session.js";
import type { Deployer, GrantResult } from "./types.js";

const roles: readonly Role[] = ["viewer", "deployer", "operator", "manager"];

/** Longer than any vendor's name of a person; what a slip of the clipboard looks like. */
const longestPerson = 320;

/** A provider that holds grants. */
interface Holder {
  readonly provider: Provider;
  readonly access: Access;
}

/** Who may do what: granted per app and revoked per person, at the target and at the provider of `access`. */
export function accessVerbs(session: Session): Deployer["access"] {
  const { scope } = session;
  const { target, access: other } = session.environment.providers;
  const holders: readonly Holder[] = [target, other === target ? undefined : other].flatMap((provider) =>
    provider?.access === undefined ? [] : [{ provider, access: provider.access }],
  );
  /** Throws `access.unsupported` where there is none. */
  const all = (): readonly Holder[] => {
    if (holders.length === 0) requireElement(target, "access");
    return holders;
  };

  return {
    supports: (role) => {
      if (holders.length === 0) return { no: `${target.name} has no permissions of its own` };
      const answers = holders.map(({ access }) => access.capabilities.roles[role]);
      return answers.find(isSupported) ?? answers[0] ?? { no: "nobody holds anybody to this role" };
    },
    who: async () => {
      const asked = all();
      const context = await guardedContext(session);
      const found = await Promise.all(
        asked.map(async ({ provider, access }) =>
          (await access.who(context, scope)).map((grant) => ({ ...grant, provider: provider.name })),
        ),
      );
      return found.flat();
    },
    grant: (grant, options = {}) =>
      createOperation(
        async (emit, signal) => {
          assertGrant(grant);
          const { able, skipped } = sortHolders(all(), grant.role);
          const startedAt = session.surroundings.clock.now();
          await guardAccount(session, signal);
          return underLease(session, { operation: "access", signal, emit }, async (check) => {
            const resources = able.flatMap(({ access }) => access.grants(scope, [grant]).resources);
            const run = { operation: "access", signal, emit } as const;
            const prepared = await prepareResources(session, resources, options, run);
            assertUnblocked(prepared.plan);
            const say = announce(session, emit);
            for (const { provider, reason } of skipped) say.note(`Not at ${provider}: ${reason}.`);
            await applyAnnounced(session, prepared, { emit, signal, check, startedAt });
            say.finished(
              say.seconds(startedAt),
              `${grant.person} is ${grant.role} of ${scope.app} in ${scope.environment}.`,
            );
            return {
              plan: prepared.plan,
              grant,
              heldBy: able.map(({ provider }) => provider.name),
              skipped,
              handovers: able.flatMap(({ provider, access }) =>
                (access.handovers?.(scope) ?? []).map((one) => ({ ...one, provider: provider.name })),
              ),
            };
          });
        },
        anySignal(session.surroundings.signal, options.signal),
      ),
    revoke: async (person, options = {}) => {
      assertPerson(person);
      const asked = all();
      const context = await guardedContext(session);
      const where = options.everywhere === true ? [] : [scope];
      const outcomes = await Promise.allSettled(
        asked.map(async ({ provider, access }) =>
          (await access.revoke(context, person, ...where)).map((app) =>
            provider === target ? app : `${app} (${provider.name})`,
          ),
        ),
      );
      return revokedOrThrow(person, asked, outcomes);
    },
  };
}

/**
 * Who can hold somebody to a role, and who cannot.
 *
 * @throws `access.unsupported` where nobody can.
 */
function sortHolders(
  holders: readonly Holder[],
  role: Role,
): { readonly able: readonly Holder[]; readonly skipped: GrantResult["skipped"] } {
  const able = holders.filter(({ access }) => isSupported(access.capabilities.roles[role]));
  const [first] = holders;
  if (able.length === 0 && first !== undefined) {
    const support = first.access.capabilities.roles[role];
    requireSupport(first.provider, "access", `hold anybody to the role ${role}`, support);
  }
  const skipped = holders.flatMap(({ provider, access }) => {
    const support = access.capabilities.roles[role];
    return isSupported(support) ? [] : [{ provider: provider.name, reason: support.no }];
  });
  return { able, skipped };
}

/** What was revoked, if it was everywhere; one that fails holds up none of the others. */
function revokedOrThrow(
  person: string,
  holders: readonly Holder[],
  outcomes: readonly PromiseSettledResult<readonly string[]>[],
): readonly string[] {
  const revoked = outcomes.flatMap((one) => (one.status === "fulfilled" ? one.value : []));
  const failures = outcomes.flatMap((one, index) =>
    one.status === "rejected"
      ? [{ name: holders[index]?.provider.name ?? "", error: one.reason as unknown }]
      : [],
  );
  const [first] = failures;
  if (first === undefined) return revoked;
  if (holders.length === 1) throw first.error;
  const said = failures.map(({ name, error }) => `${name}: ${toDeployError(error, "access.failed").message}`);
  throw new DeployError({
    code: "access.not-revoked",
    message: `${person} may still have access at ${said.join("; ")}`,
    hint: "See to what is named, and run the same again; what was done is not done twice.",
    cause: first.error,
    details: { revoked, left: failures.map(({ name }) => name) },
  });
}

function assertGrant({ person, role }: Grant): void {
  assertPerson(person);
  if (roles.includes(role)) return;
  throw new DeployError({
    code: "access.bad-role",
    message: `There is no role "${role}".`,
    hint: `Take one of ${roles.join(", ")}; each includes the ones before it.`,
  });
}

function assertPerson(person: string): void {
  // A name with a blank or a line break is never a person to a vendor, and would end up in a URL.
  if (/^[^\s\p{C}]+$/u.test(person) && person.length <= longestPerson) return;
  throw new DeployError({
    code: "access.bad-person",
    message:
      person === ""
        ? "Nobody was named."
        : "A person is one word, without blanks: an e-mail address or a name at the vendor.",
    hint: "Name the person as the vendor knows them, such as maria@example.org.",
  });
}
