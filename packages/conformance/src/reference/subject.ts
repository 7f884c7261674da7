import {
  type Clock,
  decodeText,
  normaliseValues,
  type Provider,
  type Scope,
  systemClock,
} from "@deploy/core";
import type { Subject } from "../subject.js";
import { keyOf, tokenVariable } from "./api.js";
import { referenceProvider } from "./provider.js";
import { type ReferenceVendor, referenceToken, referenceVendor } from "./vendor.js";
import { databaseAt } from "./vendor-routes.js";
import { type HeldScope, scopeIn } from "./vendor-state.js";

/** Pauses last a tenth: nothing in memory needs them. */
const quickClock: Clock = {
  now: () => systemClock.now(),
  sleep: (milliseconds, signal) => systemClock.sleep(milliseconds / 10, signal),
};

/** The reference provider under test, with every fixture; `directory` holds the source of an app. */
export function referenceSubject(
  directory: string,
  vendor: ReferenceVendor = referenceVendor(),
  change: (provider: Provider) => Provider = (provider) => provider,
): Subject {
  const heldBy = (scope: Scope): HeldScope => scopeIn(vendor.state, keyOf(scope));
  const setThing = (scope: Scope, element: string, state: Record<string, unknown> | undefined): void => {
    for (const [id, thing] of heldBy(scope).things) {
      if (thing.element !== element) continue;
      if (state === undefined) heldBy(scope).things.delete(id);
      else heldBy(scope).things.set(id, { ...thing, state });
    }
  };
  const routesId = (scope: Scope): string => `reference/ingress/${keyOf(scope)}/routes`;
  return {
    provider: () => change(referenceProvider({ vendor: "context" })),
    context: { env: { [tokenVariable]: referenceToken }, fetch: vendor.fetch, clock: quickClock },
    requests: vendor.requests,
    reset: vendor.reset,
    secrets: [referenceToken],
    timeouts: { scenario: 20_000, abort: 1_000, logs: 2_000 },
    fixtures: {
      app: { directory, build: { command: "make" }, web: "serve", crash: "exit 9" },
      zone: {
        name: "example.test",
        plant: async ({ name, type, values, ttl = 300 }) => {
          const records = vendor.state.zones.get("example.test")!;
          for (const content of values)
            records.push({ id: ++vendor.state.numbers, name, type, content, ttl, comment: null });
        },
        serves: async (name, type) =>
          vendor.state.zones
            .get("example.test")!
            .filter((record) => record.name === name && record.type === type)
            .flatMap(({ content }) =>
              type === "TXT" ? decodeText(content) : normaliseValues(type, [content]),
            ),
      },
      print: async (scope, lines) => {
        const held = heldBy(scope);
        for (const text of lines) {
          const number = ++vendor.state.numbers;
          held.lines.push({
            number,
            time: new Date().toISOString(),
            process: "web",
            release: held.serving?.release ?? 0,
            text,
          });
        }
      },
      data: {
        postgres: {
          write: async (url, text) => {
            databaseAt(vendor.state, url)!.text = text;
          },
          read: async (url) => databaseAt(vendor.state, url)?.text,
        },
      },
      inspect: async (scope) => {
        const { things, secrets, serving, lock } = heldBy(scope);
        return [
          ...things.keys(),
          ...secrets.keys(),
          ...(serving ? ["serving"] : []),
          ...(lock ? ["lock"] : []),
        ];
      },
      tamper: {
        server: async (scope) => setThing(scope, "servers", undefined),
        image: async (scope) => vendor.state.images.get(scope.app)?.clear(),
        processes: async (scope) => {
          heldBy(scope).serving = undefined;
        },
        release: async (scope) => {
          heldBy(scope).releases.length = 0;
        },
        secret: async (scope) => heldBy(scope).secrets.clear(),
        routes: async (scope) => setThing(scope, "ingress", { routes: [], certificate: "" }),
        records: async () => {
          vendor.state.zones.set("example.test", []);
        },
        certificate: async (scope) => setThing(scope, "certificates", undefined),
        database: async (scope) => setThing(scope, "addons", undefined),
      },
      foreign: {
        routes: {
          id: routesId,
          plant: async (scope) => {
            const id = routesId(scope);
            heldBy(scope).things.set(id, {
              id,
              label: "by hand",
              element: "ingress",
              state: { routes: "by hand" },
            });
          },
          untouched: async (scope) => heldBy(scope).things.get(routesId(scope))?.state.routes === "by hand",
          remove: async (scope) => {
            heldBy(scope).things.delete(routesId(scope));
          },
        },
      },
    },
  };
}
