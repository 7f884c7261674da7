import { type Context, DeployError, type Provider, type Redacted, reveal } from "@deploy/core";
import type { ReferenceVendor } from "../reference/vendor.js";
import type { HeldRelease } from "../reference/vendor-state.js";
import { type BrokenProvider, broken, withCall, withPart } from "./broken.js";

const twice = "made twice there is one, and changed twice it is as it should be";
const settles = "planning changes nothing, and planned again after applying there is nothing to do";
const removed = "removed twice it is gone, and removing what is not there is fine";

/** Faults in how resources are found, made, compared and removed. */
export const brokenResources: readonly BrokenProvider[] = [
  broken("a plan makes the server", `servers: ${settles}`, (provider) =>
    withCall(
      provider,
      "resource.read",
      async (call, run) => {
        const found = await run();
        return (
          found ??
          provider.servers!.resources(scopeOf(call.id), { memory: 0, instances: 1 }).resources[0]!.create!(
            call.args[0] as Context,
            {},
          )
        );
      },
      "servers",
    ),
  ),
  broken(
    "a vendor's default is not normalised: a certificate always differs",
    `certificates: ${settles}`,
    (provider) =>
      withCall(provider, "resource.read", async (_call, run) => withDefault(await run()), "certificates"),
  ),
  broken(
    "create does not survive a lost answer: it insists that nothing is there",
    `secrets: ${twice}`,
    (provider) =>
      withCall(
        provider,
        "resource.create",
        async (call, run) => {
          const [context] = call.args as [Context];
          const present = await provider.secrets!.list(context, scopeOf(call.id));
          if (present.length > 0)
            throw new DeployError({ code: "secrets.exists", message: "It exists already." });
          return run();
        },
        "secrets",
      ),
  ),
  broken(
    "a changed source is not seen: the digest is that of the names",
    "images: the same source is the same image and is not built again, another one is another",
    (provider) =>
      withPart(provider, "images", (images) => ({
        image: (context, scope, source) =>
          images.image(
            context,
            scope,
            source.kind === "build"
              ? { kind: "existing", image: { digest: `sha256:${"a".repeat(64)}`, location: "x" } }
              : source,
          ),
      })),
  ),
  broken("removing what is gone is an error", `addons: ${removed}`, (provider, vendor) =>
    withCall(provider, "owned.remove", (call, run) => {
      const held = [...vendor.state.scopes.values()].some(({ things }) => things.has(call.id ?? ""));
      if (!held && call.id?.includes("/addons/"))
        throw new DeployError({ code: "addons.not-found", message: "It is gone." });
      return run();
    }),
  ),
  broken("removing answers, and removes nothing", `servers: ${removed}`, (provider) =>
    withCall(provider, "owned.remove", (call, run) => (call.id?.includes("/servers/") ? undefined : run())),
  ),
  broken("owned() forgets the secrets", `secrets: ${removed}`, (provider) => ({
    ...provider,
    owned: async (context, scope) =>
      (await provider.owned!(context, scope)).filter(({ element }) => element !== "secrets"),
  })),
  broken(
    "owned() has ids of its own",
    "provider: owned() lists what was made, by the ids of the resources",
    (provider) => ({
      ...provider,
      owned: async (context, scope) =>
        (await provider.owned!(context, scope)).map((one) =>
          one.element === "addons" ? { ...one, id: `${one.id}-1` } : one,
        ),
    }),
  ),
  broken(
    "owned() lists every environment of the app",
    "provider: owned() answers for one environment only, and with nothing where there is nothing",
    (provider) => ({
      ...provider,
      owned: async (context, scope, options) => [
        ...(await provider.owned!(context, scope, options)),
        ...(scope.environment === "other"
          ? await provider.owned!(context, { ...scope, environment: "test" })
          : []),
      ],
    }),
  ),
  broken(
    "a database does not say that it holds data",
    "addons: nobody removes one because it is no longer declared",
    (provider) => ({
      ...provider,
      owned: async (context, scope) =>
        (await provider.owned!(context, scope)).map(({ holdsData, ...one }) =>
          one.element === "addons" || holdsData === undefined ? one : { ...one, holdsData },
        ),
    }),
  ),
  broken(
    "ids hold a random part",
    "provider: ids are the same in every run, unique, and begin with its name",
    (provider) =>
      withPart(provider, "servers", (servers) => ({
        resources: (scope, needs) => ({
          resources: servers
            .resources(scope, needs)
            .resources.map((one) => ({ ...one, id: `${one.id}-${Math.random()}` })),
        }),
      })),
  ),
  broken(
    "what is desired holds a date object",
    "provider: what is desired is data, late values and secrets aside",
    (provider) =>
      withPart(provider, "servers", (servers) => ({
        resources: (scope, needs) => ({
          resources: servers
            .resources(scope, needs)
            .resources.map((one) => ({ ...one, desired: { at: new Date(0) } as never })),
        }),
      })),
  ),
  broken(
    "routes that were changed by hand are not compared",
    "provider: drift of routes, made by hand, is shown by the next plan and mended by the next run",
    (provider) =>
      withPart(provider, "ingress", (ingress) => ({
        routes: (scope, routes, options) => {
          const plan = ingress.routes(scope, routes, options);
          return { ...plan, resources: plan.resources.map((one) => Object.assign(one, { diff: () => [] })) };
        },
      })),
  ),
  broken(
    "a database that was deleted by hand is remembered as there",
    "provider: drift of database, made by hand, is shown by the next plan and mended by the next run",
    (provider, vendor) =>
      withCall(
        provider,
        "resource.read",
        async (call, run) => {
          const found = await run();
          const scope = scopeOf(call.id);
          const isKnown = vendor.state.scopes.get(`${scope.app}/${scope.environment}`)?.databases.size ?? 0;
          return found ?? (isKnown > 0 ? { kind: "postgres", extensions: [] } : undefined);
        },
        "addons",
      ),
  ),
  broken(
    "foreign routes are taken over unasked",
    "provider: foreign routes blocks the plan, is not touched, and is adopted by word only",
    (provider) =>
      withCall(
        provider,
        "resource.read",
        async (_call, run) => {
          const found = (await run()) as { readonly foreign?: true; readonly observed?: unknown } | undefined;
          return found?.foreign === true ? found.observed : found;
        },
        "ingress",
      ),
  ),
  broken(
    "a release on its way is not found again: the next run makes a second one",
    "provider: composed, killed between any two calls the next run finishes it, as if nothing had happened",
    (provider, vendor) =>
      secondRelease(
        withCall(
          provider,
          "resource.read",
          async (call, run) => {
            const found = (await run()) as Partial<HeldRelease> | undefined;
            return call.id?.endsWith("/release") && found?.state === "pending" ? undefined : found;
          },
          "containers",
        ),
        vendor,
      ),
  ),
  broken(
    "a create that is repeated makes a second release",
    "provider: composed, every call that makes something may be repeated",
    secondRelease,
  ),
  broken(
    "a machine is neither listed nor removed",
    "provider: composed, down removes everything, and afterwards all of it would have to be made again",
    (provider) => ({
      ...provider,
      owned: async (...asked) =>
        (await provider.owned!(...asked)).filter(({ element }) => element !== "servers"),
    }),
  ),
  broken("a secret stands in what the plan shows", `secrets: ${twice}`, (provider) =>
    withPart(provider, "secrets", (secrets) => ({
      secret: (scope, name, value) => {
        const node = secrets.secret(scope, name, value);
        return {
          ...node,
          diff: (desired, observed) =>
            node.diff!(desired, observed).map((change) => ({
              ...change,
              to: value === undefined ? "" : reveal(value as Redacted),
            })),
        };
      },
    })),
  ),
];

/** Makes a release without looking whether it is there. */
function secondRelease(provider: Provider, vendor: ReferenceVendor): Provider {
  return withCall(
    provider,
    "resource.create",
    async (call, run) => {
      const { app, environment } = scopeOf(call.id);
      const releases = vendor.state.scopes.get(`${app}/${environment}`)?.releases ?? [];
      const last = releases.at(-1);
      if (!call.id?.endsWith("/release") || last === undefined) return run();
      const second: HeldRelease = { ...last, number: last.number + 1, state: "pending" };
      releases.push(second);
      return second;
    },
    "containers",
  );
}

function scopeOf(id = ""): { readonly app: string; readonly environment: string } {
  const [, , app = "", environment = ""] = id.split("/");
  return { app, environment };
}

function withDefault(found: unknown): unknown {
  const hosts = (found as { readonly hosts?: readonly string[] } | undefined)?.hosts;
  return hosts === undefined
    ? found
    : { ...(found as object), hosts: hosts.map((host) => host.toUpperCase()) };
}
