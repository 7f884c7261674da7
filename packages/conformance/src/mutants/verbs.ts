import {
  type Context,
  DeployError,
  type Handover,
  type LogLine,
  type Provider,
  redact,
  reveal,
  type Scope,
} from "@deploy/core";
import { type BrokenProvider, broken, withCall, withPart } from "./broken.js";

const quiet: AbortSignal = new AbortController().signal;
const blind = (context: Context): Context => ({ ...context, signal: quiet });

/** Faults in what is done: reading lines, keeping secrets, locking, running commands. */
export const brokenVerbs: readonly BrokenProvider[] = [
  broken(
    "a cursor gives its own line again",
    "logs: behind each cursor it goes on with the next line",
    (provider) =>
      withLogs(provider, (read, query) =>
        read(query.after === undefined ? query : { ...query, after: earlier(query.after) }),
      ),
  ),
  broken(
    "a reconnect loses a line",
    "logs: followed over a reconnect, no line is lost and none comes twice",
    (provider) =>
      withLogs(provider, async function* (read, query) {
        let skip = query.after === undefined ? 0 : 1;
        for await (const line of read(query)) {
          if (skip > 0) skip -= 1;
          else yield line;
        }
      }),
  ),
  broken(
    "following ignores the abort",
    "logs: a follower sees what comes, and ends soon after it is aborted",
    (provider) =>
      withPart(provider, "logs", (logs) => ({
        read: (context, scope, query) => logs.read(blind(context), scope, query),
      })),
  ),
  broken(
    "times have no milliseconds",
    "logs: every line says when, which process and instance, and has a cursor of its own; oldest first",
    (provider) =>
      withLogs(provider, async function* (read, query) {
        for await (const line of read(query)) yield { ...line, time: `${line.time.slice(0, 19)}Z` };
      }),
  ),
  broken(
    "the same value makes a new version",
    "secrets: the same value again keeps the version, another one makes the next",
    (provider) =>
      withPart(provider, "secrets", (secrets) => ({
        async set(context, scope, name, value) {
          await secrets.set(context, scope, name, redact(`${reveal(value)}-`));
          return secrets.set(context, scope, name, value);
        },
      })),
  ),
  broken(
    "a secret loses the newline at its end",
    "secrets: a value is listed by name and version only, and read back as it was",
    (provider) =>
      withPart(provider, "secrets", (secrets) => ({
        set: (context, scope, name, value) => secrets.set(context, scope, name, redact(reveal(value).trim())),
      })),
  ),
  broken(
    "forgetting an unknown secret is an error",
    "secrets: forgetting is safe to repeat, and unknown names are fine",
    (provider) =>
      withPart(provider, "secrets", (secrets) => ({
        async unset(context, scope, name) {
          const known = await secrets.list(context, scope);
          if (!known.some((one) => one.name === name))
            throw new DeployError({ code: "secrets.missing", message: "Unknown." });
          return secrets.unset(context, scope, name);
        },
      })),
  ),
  broken(
    "secrets are kept by app, not by environment",
    "secrets: one environment does not see those of another",
    (provider) =>
      withPart(provider, "secrets", (secrets) => {
        const whole = (scope: Scope): Scope => ({ ...scope, environment: "test" });
        return {
          list: (context, scope) => secrets.list(context, whole(scope)),
          unset: (context, scope, name) => secrets.unset(context, whole(scope), name),
        };
      }),
  ),
  broken("the lock is looked at, then taken", "lease: of ten who want it at once, one gets it", (provider) =>
    withPart(provider, "lease", (lease) => ({
      async acquire(context, scope, holder) {
        const present = await lease.holder(context, scope);
        if (present !== undefined) return { holder: present };
        const answer = await lease.acquire(context, scope, holder);
        if ("granted" in answer) return answer;
        return { granted: { release: () => lease.break(context, scope), check: async () => undefined } };
      },
    })),
  ),
  broken(
    "giving a lock back twice takes it from the next",
    "lease: given back it is free, and giving it back again takes nothing from the next holder",
    (provider) =>
      withPart(provider, "lease", (lease) => ({
        async acquire(context, scope, holder) {
          const answer = await lease.acquire(context, scope, holder);
          if (!("granted" in answer)) return answer;
          return {
            granted: { check: () => answer.granted.check(), release: () => lease.break(context, scope) },
          };
        },
      })),
  ),
  broken(
    "a command always ends with 0",
    "containers: a one-off command ends with its true exit code and sees config, secrets and input",
    (provider) =>
      withCall(provider, "containers.run", async (_call, run) => ({
        ...((await run()) as object),
        exitCode: Promise.resolve(0),
      })),
  ),
  broken(
    "a grant is not told by who",
    "access: a grant is told by who(), and granted again there is nothing to do",
    (provider) => withPart(provider, "access", () => ({ who: async () => [] })),
  ),
  broken(
    "what is to be handed over is given out again and again",
    "access: what a grant leaves to hand over is given out once, and is in nothing that is read or planned",
    (provider) => {
      const kept: Handover[] = [];
      return withPart(provider, "access", (access) => ({
        handovers: (scope) => {
          kept.push(...(access.handovers?.(scope) ?? []));
          return kept;
        },
      }));
    },
  ),
  broken(
    "what is to be handed over is told by who",
    "access: what a grant leaves to hand over is given out once, and is in nothing that is read or planned",
    (provider) =>
      withPart(provider, "access", (access) => ({
        who: async (context, scope) =>
          (await access.who(context, scope)).map((grant) => ({
            ...grant,
            invitation: `invitation of ${grant.person} to ${scope.app}/${scope.environment}`,
          })),
      })),
  ),
  broken(
    "another role does not take the place of the present one",
    "access: another role takes the place of the present one",
    (provider) => withCall(provider, "resource.update", async () => ({}), "access"),
  ),
  broken(
    "revoking from one environment revokes everywhere",
    "access: revoked from one scope they keep the other, and revoking is safe to repeat",
    (provider) =>
      withPart(provider, "access", (access) => ({
        revoke: (context, person) => access.revoke(context, person),
      })),
  ),
  broken(
    "revoking everywhere leaves an app out",
    "access: revoked everywhere they are off every app at once",
    (provider) =>
      withPart(provider, "access", (access) => ({
        revoke: (context, person, scope) =>
          access.revoke(context, person, scope ?? { app: "none", environment: "test" }),
      })),
  ),
  broken("a deployment takes grants away", "access: a full plan takes nobody's grant away", (provider) => ({
    ...provider,
    owned: async (context, scope, options) => {
      const owned = (await provider.owned?.(context, scope, options)) ?? [];
      return owned.map(({ history, ...one }) =>
        one.element === "access" || history === undefined ? one : { ...one, history },
      );
    },
  })),
  broken("a role says nothing", "access: each role is a yes or says why not", (provider) =>
    withPart(provider, "access", ({ capabilities }) => ({
      capabilities: { roles: { ...capabilities.roles, operator: { no: "" } } },
    })),
  ),
  broken(
    "an estimate without a date",
    "costs: an estimate says its currency, date and source, what it counts and what it leaves out",
    (provider) =>
      withPart(provider, "costs", (costs) => ({
        estimate: async (context, environment) => ({
          ...(await costs.estimate(context, environment)),
          pricesOf: "lately",
        }),
      })),
  ),
  broken(
    "an estimate leaves add-ons out",
    "costs: more is never cheaper, and an add-on is counted",
    (provider) =>
      withPart(provider, "costs", (costs) => ({
        estimate: (context, environment) => costs.estimate(context, { ...environment, addons: [] }),
      })),
  ),
  broken("asking for the price makes something", "costs: asking for the price makes nothing", (provider) =>
    withPart(provider, "costs", (costs) => ({
      async estimate(context, environment) {
        const scope = { app: environment.app, environment: environment.name };
        await provider.secrets?.set(context, scope, "PRICE", redact("asked"));
        return costs.estimate(context, environment);
      },
    })),
  ),
];

/** The provider with another way to read lines; `read` is the right one. */
function withLogs(
  provider: Provider,
  change: (
    read: (query: { readonly after?: string }) => AsyncIterable<LogLine>,
    query: { readonly after?: string },
  ) => AsyncIterable<LogLine>,
): Provider {
  return withPart(provider, "logs", (logs) => ({
    read: (context, scope, query) => change((other) => logs.read(context, scope, other), query),
  }));
}

function earlier(cursor: string): string {
  return cursor.replace(/\d+/, (digits) => String(Number(digits) - 1));
}
