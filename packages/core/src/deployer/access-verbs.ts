import type { Access, Grant, Role } from "../elements/access.js";
import { assertUnblocked } from "../engine/apply-plan.js";
import { createOperation } from "../engine/operation.js";
import { DeployError } from "../errors.js";
import { anySignal } from "./context.js";
import { underLease } from "./lease.js";
import { prepareResources } from "./prepare.js";
import { requireElement, requireSupport } from "./providers.js";
import { announce, applyAnnounced } from "./run-plan.js";
import { guardAccount, guardedContext, type Session } from "./session.js";
import type { Deployer } from "./types.js";

const roles: readonly Role[] = ["viewer", "deployer", "operator", "manager"];

/** Longer than any vendor's name of a person; what a slip of the clipboard looks like. */
const longestPerson = 320;

/** Who may do what at the vendor: granted per app, revoked per person. */
export function accessVerbs(session: Session): Deployer["access"] {
  const { scope } = session;
  const { target } = session.environment.providers;
  const element = (): Access => requireElement(target, "access");

  return {
    supports: (role) => {
      if (target.access === undefined) return { no: `${target.name} has no permissions of its own` };
      return target.access.capabilities.roles[role];
    },
    who: async () => element().who(await guardedContext(session), scope),
    grant: (grant, options = {}) =>
      createOperation(
        async (emit, signal) => {
          assertGrant(grant);
          const access = element();
          requireSupport(
            target,
            "access",
            `hold anybody to the role ${grant.role}`,
            access.capabilities.roles[grant.role],
          );
          const startedAt = session.surroundings.clock.now();
          await guardAccount(session, signal);
          return underLease(session, { operation: "access", signal, emit }, async (check) => {
            const { resources } = access.grants(scope, [grant]);
            const run = { operation: "access", signal, emit } as const;
            const prepared = await prepareResources(session, resources, options, run);
            assertUnblocked(prepared.plan);
            await applyAnnounced(session, prepared, { emit, signal, check, startedAt });
            const say = announce(session, emit);
            say.finished(
              say.seconds(startedAt),
              `${grant.person} is ${grant.role} of ${scope.app} in ${scope.environment}.`,
            );
            return { plan: prepared.plan, grant };
          });
        },
        anySignal(session.surroundings.signal, options.signal),
      ),
    revoke: async (person, options = {}) => {
      assertPerson(person);
      const access = element();
      const context = await guardedContext(session);
      return access.revoke(context, person, ...(options.everywhere === true ? [] : [scope]));
    },
  };
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
