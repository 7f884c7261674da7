import { toDeployError } from "@deploy/core";
import { refusal } from "../access/errors.js";
import type { AuditRecord } from "../access/types.js";
import type { ProviderRevocation } from "../shared/access-types.js";
import type { AppRegistry, ConsoleEnvironment } from "./types.js";
import type { Cause, PeopleSource, VendorAccess, VendorOutcome } from "./vendor-access-types.js";
import { accountOf, grantAt, hasPermissions, revokeAt, supportsOf, timed } from "./vendor-calls.js";
import { driftView } from "./vendor-drift.js";
import type { LedgerEntry, VendorLedger } from "./vendor-ledger.js";
import { troubleOf } from "./views/part.js";

/** What the providers' permissions are kept with. */
export interface VendorAccessOptions {
  readonly apps: AppRegistry;
  readonly people: PeopleSource;
  readonly ledger: VendorLedger;
  audit(record: AuditRecord): Promise<void>;
  now(): number;
  /** Milliseconds between two looks for grants that have expired and for what has failed. 0: never. Default 60,000. */
  readonly everyMs?: number;
  /** Milliseconds for one question to a provider. Default 20,000. */
  readonly timeoutMs?: number;
}

/** What failed is tried again by itself after so many milliseconds; a button does so at once. */
const retryMs = 5 * 60_000;

/** Who acts when a grant has run out. */
const consoleItself: Cause = { actor: "console" };

/** Keeps the providers' permissions in line with the console's grants, one person in one environment at a time. */
export function createVendorAccess(options: VendorAccessOptions): VendorAccess {
  const { apps, people, ledger, now, timeoutMs = 20_000, everyMs = 60_000 } = options;
  const queues = new Map<string, Promise<unknown>>();
  let closed = false;

  /** What concerns one environment is done in turn: a grant and its revocation must not overtake each other. */
  const inTurn = <T>(environment: ConsoleEnvironment, work: () => Promise<T>): Promise<T> => {
    const key = `${environment.app} ${environment.environment}`;
    const before = queues.get(key) ?? Promise.resolve();
    const turn = before.then(work, work);
    const settled = turn.catch(() => undefined);
    queues.set(key, settled);
    void settled.then(() => {
      if (queues.get(key) === settled) queues.delete(key);
    });
    return turn;
  };

  const audit = async (
    environment: ConsoleEnvironment,
    by: Cause,
    outcome: VendorOutcome,
    detail?: string,
  ) => {
    if (outcome.state === "unchanged" || outcome.state === "unsupported") return;
    await options.audit({
      ...by,
      action: `access.provider-${outcome.state}`,
      app: environment.app,
      environment: environment.environment,
      subject: outcome.person,
      ...(detail === undefined ? {} : { detail }),
    });
  };

  const remember = (key: VendorOutcome, entry: Pick<LedgerEntry, "given" | "failed">): Promise<void> =>
    ledger.put({ app: key.app, environment: key.environment, person: key.person, ...entry });

  /** Gives what is here, or takes what is not; by the rights of the moment in which its turn has come. */
  const settleOne = (environment: ConsoleEnvironment, name: string, by: Cause): Promise<VendorOutcome> => {
    const person = name.toLowerCase();
    const about = { app: environment.app, environment: environment.environment, person };
    return inTurn(environment, async () => {
      if (!hasPermissions(environment)) return { ...about, state: "unsupported" as const };
      const known = ledger.find(about);
      let action: "grant" | "revoke" = "revoke";
      try {
        const role = await people.roleOf(person, environment.app);
        const fits = role !== undefined && environment.deployer.access.supports(role) === true;
        // A role that the provider does not know must not leave them with one that they no longer have.
        if (role !== undefined && !fits && known?.given === undefined) {
          return { ...about, state: "unsupported" as const };
        }
        action = fits ? "grant" : "revoke";
        const outcome: VendorOutcome = {
          ...about,
          state: fits
            ? await grantAt(environment, { person, role }, timeoutMs)
            : await revokeAt(environment, person, timeoutMs),
        };
        await remember(outcome, fits ? { given: role } : {});
        await audit(environment, by, outcome, fits ? role : undefined);
        return outcome;
      } catch (thrown) {
        return failed(environment, by, about, action, thrown);
      }
    });
  };

  const failed = async (
    environment: ConsoleEnvironment,
    by: Cause,
    about: Pick<VendorOutcome, "app" | "environment" | "person">,
    action: "grant" | "revoke",
    thrown: unknown,
    everywhere?: true,
  ): Promise<VendorOutcome> => {
    const trouble = troubleOf(toDeployError(thrown, "access.failed"));
    const outcome: VendorOutcome = { ...about, state: "failed", trouble };
    const given = ledger.find(about)?.given;
    // A disk that is full must not hide what happened: it is in the answer all the same.
    await remember(outcome, {
      ...(given === undefined ? {} : { given }),
      failed: { action, trouble, at: now(), ...(everywhere === undefined ? {} : { everywhere }) },
    }).catch(() => undefined);
    await audit(environment, by, outcome, `${action}: ${trouble.code}`).catch(() => undefined);
    return outcome;
  };

  const revokeGroup = async (
    group: readonly ConsoleEnvironment[],
    name: string,
    by: Cause,
  ): Promise<readonly ProviderRevocation[]> => {
    const [first, ...others] = group as [ConsoleEnvironment, ...ConsoleEnvironment[]];
    const person = name.toLowerCase();
    const about = { app: first.app, environment: first.environment, person };
    const place = { app: first.app, environment: first.environment };
    return inTurn(first, async () => {
      try {
        const reached = await timed(
          first.deployer.access.revoke(person, { everywhere: true }),
          first,
          timeoutMs,
        );
        for (const { app, environment } of group) await ledger.put({ app, environment, person });
        const state = reached.length > 0 ? "revoked" : "unchanged";
        await audit(first, by, { ...about, state }, reached.join(", "));
        return [{ ...place, apps: reached }];
      } catch (thrown) {
        const { trouble } = await failed(first, by, about, "revoke", thrown, true);
        // What can be taken is taken, although everything could not be.
        const rest = await Promise.all(others.map((one) => revokeHere(one, person, by)));
        return [{ ...place, apps: [], ...(trouble === undefined ? {} : { problem: trouble }) }, ...rest];
      }
    });
  };

  const revokeHere = (
    environment: ConsoleEnvironment,
    person: string,
    by: Cause,
  ): Promise<ProviderRevocation> => {
    const place = { app: environment.app, environment: environment.environment };
    return inTurn(environment, async () => {
      try {
        const reached = await timed(environment.deployer.access.revoke(person), environment, timeoutMs);
        await ledger.put({ ...place, person });
        const state = reached.length > 0 ? "revoked" : "unchanged";
        await audit(environment, by, { ...place, person, state });
        return { ...place, apps: reached };
      } catch (thrown) {
        const { trouble } = await failed(environment, by, { ...place, person }, "revoke", thrown);
        return { ...place, apps: [], ...(trouble === undefined ? {} : { problem: trouble }) };
      }
    });
  };

  const revokeEverywhere = async (person: string, by: Cause): Promise<readonly ProviderRevocation[]> => {
    const able = apps.list().filter(hasPermissions);
    const accounts = await Promise.all(able.map((environment) => accountOf(environment, timeoutMs)));
    const groups = [...new Set(accounts)].map((account) =>
      able.filter((_, index) => accounts[index] === account),
    );
    return (await Promise.all(groups.map((group) => revokeGroup(group, person, by)))).flat();
  };

  /** Expired grants are taken back, and what failed is tried again. */
  const sweep = async (): Promise<void> => {
    for (const { app, environment: name, person, given, failed: lost } of ledger.entries()) {
      const environment = apps.find(app, name);
      if (closed || environment === undefined) continue;
      if (lost?.everywhere === true && now() - lost.at >= retryMs) {
        await revokeGroup([environment], person, consoleItself);
        continue;
      }
      const role = await people.roleOf(person, app);
      const due = lost === undefined ? given !== undefined && role !== given : now() - lost.at >= retryMs;
      if (due) await settleOne(environment, person, consoleItself);
    }
  };
  let sweeping = false;
  const timer =
    everyMs === 0
      ? undefined
      : setInterval(() => {
          if (sweeping) return;
          sweeping = true;
          sweep()
            .catch(() => undefined)
            .finally(() => {
              sweeping = false;
            });
        }, everyMs);
  timer?.unref();

  return {
    settle: (person, app, by) =>
      Promise.all(
        apps
          .list()
          .filter((one) => app === "*" || one.app === app)
          .map((environment) => settleOne(environment, person, by)),
      ),
    revokeEverywhere,
    drift: async (environment) => {
      const { deployer, app } = environment;
      const supports = supportsOf(environment);
      const here = await people.peopleOf(app);
      const entries = ledger
        .entries()
        .filter((entry) => entry.app === app && entry.environment === environment.environment);
      const place = { app, environment: environment.environment };
      const provider = deployer.environment.providers.target.name;
      const at = now();
      if (!hasPermissions(environment)) {
        return {
          ...place,
          provider,
          supports,
          people: {
            value: driftView({ here, there: [], entries, supports }),
            at,
            refreshing: false,
            stale: false,
          },
        };
      }
      try {
        const there = await timed(deployer.access.who(), environment, timeoutMs);
        const value = driftView({ here, there, entries, supports });
        return { ...place, provider, supports, people: { value, at, refreshing: false, stale: false } };
      } catch (thrown) {
        const trouble = troubleOf(toDeployError(thrown, "access.failed"));
        const value = driftView({ here, there: undefined, entries, supports });
        const people = { value, at, trouble, failedAt: at, refreshing: false, stale: true };
        return { ...place, provider, supports, people };
      }
    },
    apply: async (environment, person, action, by) => {
      const role = await people.roleOf(person.toLowerCase(), environment.app);
      if ((role !== undefined) === (action === "grant")) {
        const lost = ledger.find({ ...environment, person })?.failed;
        if (action === "revoke" && lost?.everywhere === true) {
          const [one] = await revokeGroup([environment], person, by);
          const about = { app: environment.app, environment: environment.environment, person };
          return one?.problem === undefined
            ? { ...about, state: "revoked" }
            : { ...about, state: "failed", trouble: one.problem };
        }
        return settleOne(environment, person, by);
      }
      throw refusal({
        status: 409,
        code: "access.not-in-line",
        message:
          role === undefined
            ? `${person} has no role for ${environment.app} here that could be given there.`
            : `${person} is ${role} of ${environment.app} here: take that away first.`,
        hint: "Look at the page again: rights have changed meanwhile.",
      });
    },
    close: async () => {
      closed = true;
      clearInterval(timer);
      await Promise.all([...queues.values()]);
    },
  };
}
