import { type Context, DeployError, reveal } from "@deploy/core";
import { type BrokenProvider, broken, withPart } from "./broken.js";

const quiet: AbortSignal = new AbortController().signal;
const blind = (context: Context): Context => ({ ...context, signal: quiet });

/** Faults in how calls behave: their signals, their errors, their words. */
export const brokenCalls: readonly BrokenProvider[] = [
  broken(
    "an abort does not reach the vendor",
    "provider: aborted while the vendor does not answer, every call ends soon",
    (provider) =>
      withPart(provider, "secrets", (secrets) => ({
        list: (context, scope) => secrets.list(blind(context), scope),
      })),
  ),
  broken(
    "a write goes on after it was aborted",
    "provider: with a signal that is aborted already, nothing is asked and nothing is changed",
    (provider) =>
      withPart(provider, "secrets", (secrets) => ({
        set: (context, scope, name, value) => secrets.set(blind(context), scope, name, value),
      })),
  ),
  broken(
    "a deadline is not kept",
    "provider: a deadline ends every call, however long the vendor is silent",
    (provider) =>
      withPart(provider, "servers", (servers) => ({
        status: (context, scope) => servers.status(blind(context), scope),
      })),
  ),
  broken(
    "an overloaded vendor is an empty list",
    "provider: an answer 503 to a read is an error that may be retried, never an empty result",
    (provider) =>
      withPart(provider, "secrets", (secrets) => ({
        list: (context, scope) => secrets.list(context, scope).catch(() => []),
      })),
  ),
  broken(
    "throttling is not marked as retryable",
    "provider: an answer 429 to a read is an error that may be retried, never an empty result",
    (provider) =>
      withPart(provider, "containers", (containers) => ({
        releases: (context, scope) =>
          containers.releases(context, scope).catch((error: Error) => {
            throw new DeployError({ code: "containers.failed", message: error.message });
          }),
      })),
  ),
  broken(
    "refused credentials are tried again and again",
    "provider: an answer 401 is an error that is not retried, and says what to do",
    (provider) =>
      withPart(provider, "secrets", (secrets) => ({
        async list(context, scope) {
          for (let tries = 0; tries < 4; tries += 1)
            await secrets.list(context, scope).catch(() => undefined);
          return secrets.list(context, scope);
        },
      })),
  ),
  broken(
    "a lost answer is followed by the same request at once",
    "provider: a write whose answer is lost is not sent again before it was looked whether it has worked",
    (provider) =>
      withPart(provider, "dns", (dns) => ({
        apply: (context, zone, changes) =>
          dns.apply({ ...context, fetch: replaying(context.fetch) }, zone, changes),
      })),
  ),
  {
    ...broken(
      "a request is sent twice at once, and its author says that all of them may be",
      "provider: composed, every request that may be sent twice is sent twice, and there is nothing twice",
      (provider) =>
        withPart(provider, "dns", (dns) => ({
          apply: (context, zone, changes) =>
            dns.apply({ ...context, fetch: replaying(context.fetch) }, zone, changes),
        })),
    ),
    claims: { isIdempotent: () => true },
  },
  broken(
    "an error quotes the token",
    "provider: an answer 403 is an error that is not retried, and says what to do",
    (provider) =>
      withPart(provider, "dns", (dns) => ({
        zones: (context) =>
          dns.zones(context).catch((error: DeployError) => {
            throw new DeployError({
              ...error.toJSON(),
              message: `${error.message} (${context.env.REFERENCE_TOKEN})`,
              cause: error,
            });
          }),
      })),
  ),
  broken(
    "the cause of an error holds the token",
    "provider: an answer 403 is an error that is not retried, and says what to do",
    (provider) =>
      withPart(provider, "dns", (dns) => ({
        zones: (context) =>
          dns.zones(context).catch((error: DeployError) => {
            const request = new Error(`GET with Bearer ${context.env.REFERENCE_TOKEN}`);
            throw new DeployError({
              ...error.toJSON(),
              message: error.message,
              cause: new Error("refused", { cause: request }),
            });
          }),
      })),
  ),
  broken(
    "a secret is logged on its way",
    "secrets: made twice there is one, and changed twice it is as it should be",
    (provider) =>
      withPart(provider, "secrets", (secrets) => ({
        secret: (scope, name, value) => {
          const node = secrets.secret(scope, name, value);
          return {
            ...node,
            create: (context, desired) => {
              context.log(`storing ${name}=${value === undefined ? "" : reveal(value)}`);
              return node.create!(context, desired);
            },
          };
        },
      })),
  ),
  broken(
    "the URL of a database is no secret",
    "addons: its config is a secret, stays the same, and its status says what it is",
    (provider) =>
      withPart(provider, "addons", (addons) => ({
        addon: (scope, addon) => ({
          ...addons.addon(scope, addon),
          config: { [addon.as]: `postgres://app:open@db/${addon.name}` as never },
        }),
      })),
  ),
  broken(
    "a factory asks the vendor who it is",
    "provider: nothing is asked of the vendor until a verb is called",
    (provider, vendor) => {
      void vendor.fetch("https://reference.test/account");
      return provider;
    },
  ),
  broken(
    "a credential is read that the table does not name",
    "provider: no credential is read that the table does not name",
    (provider) =>
      withPart(provider, "servers", (servers) => ({
        resources: (scope, needs) => ({
          resources: servers.resources(scope, needs).resources.map((one) => ({
            ...one,
            read: (context) => {
              void context.env.REFERENCE_PASSWORD;
              return one.read(context);
            },
          })),
        }),
      })),
  ),
  broken(
    "a missing credential names no variable",
    "provider: without a credential that is required it says which variable to set, and asks nobody",
    (provider) =>
      withPart(provider, "dns", (dns) => ({
        zones: (context) =>
          dns.zones(context).catch(() => {
            throw new DeployError({
              code: "dns.unauthenticated",
              message: "Not logged in.",
              hint: "Log in.",
            });
          }),
      })),
  ),
  broken(
    "what it says it cannot do is done all the same",
    "provider: what it says it cannot do is refused without a request, by the provider itself",
    (provider) => {
      const containers = provider.containers!;
      return {
        ...provider,
        containers: {
          ...containers,
          capabilities: { ...containers.capabilities, scale: { no: "it cannot" } },
        },
      };
    },
  ),
  broken(
    "a capability gives no reason",
    "provider: each capability is true or says why not, and what it promises has its methods",
    (provider) => {
      const logs = provider.logs!;
      return {
        ...provider,
        logs: { ...logs, capabilities: { ...logs.capabilities, history: false as never } },
      };
    },
  ),
  broken(
    "a promised method is not there",
    "provider: each capability is true or says why not, and what it promises has its methods",
    (provider) => {
      const { restore: _restore, ...addons } = provider.addons!;
      return { ...provider, addons };
    },
  ),
  broken(
    "the name has a capital letter",
    "provider: spec and name are those of the contract",
    (provider) => ({ ...provider, name: "Reference" }),
  ),
];

function replaying(call: typeof fetch): typeof fetch {
  return (input, init) =>
    init?.method === "POST" ? call(input, init).catch(() => call(input, init)) : call(input, init);
}
