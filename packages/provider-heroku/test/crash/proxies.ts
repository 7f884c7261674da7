import type { FaultProxy } from "@deploy/conformance";

/** Two fault proxies that count and fail as one: Heroku's API and its host of databases. */
export interface Proxies extends FaultProxy {
  readonly hosts: { readonly api: string; readonly data: string };
}

/** Makes one of two; a planned fault happens at whichever the call comes to. */
export function together({ api, data }: { readonly api: FaultProxy; readonly data: FaultProxy }): Proxies {
  const both = [api, data];
  const originOf = ({ address }: FaultProxy): string =>
    address instanceof URL ? address.origin : address.socketPath;
  return {
    address: api.address,
    hosts: { api: originOf(api), data: originOf(data) },
    get calls() {
      return both.flatMap(({ calls }) => calls).sort((one, other) => one.at - other.at);
    },
    plan(planned) {
      for (const proxy of both) proxy.plan(planned);
    },
    reset() {
      for (const proxy of both) proxy.reset();
    },
    async close() {
      await Promise.all(both.map((proxy) => proxy.close()));
    },
  };
}
