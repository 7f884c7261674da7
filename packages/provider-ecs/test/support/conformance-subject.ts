import type { Subject } from "@deploy/conformance/vitest";
import { isRead } from "../../src/clients.js";
import { type EcsOptions, ecs } from "../../src/index.js";
import { isIdempotent } from "./idempotent.js";
import type { Vendor } from "./use-vendor.js";

/**
 * What the kit needs to try this provider on moto, which runs nothing: images are the kit's own here, and tried on
 * ministack with a Docker Engine.
 */
export function ecsSubject(vendor: () => Vendor, options: Partial<EcsOptions> = {}): Subject {
  return {
    provider() {
      // Moto knows a role at once.
      const { images: _images, ...rest } = ecs({ region: "us-east-1", roleRestSeconds: 0, ...options });
      return rest;
    },
    fixtures: {
      app: { directory: new URL("conformance-app", import.meta.url).pathname, web: "node server.js" },
    },
    isIdempotent: (_url, init) => isIdempotent(operationOf(init)),
    context: {
      env: new Proxy<Record<string, string | undefined>>(
        {},
        {
          // The emulator's address is known once it runs, and the kit wants to have an environment before.
          get: (_target, name) => variables(vendor)[String(name)],
          has: (_target, name) => String(name) in variables(vendor),
          ownKeys: () => Object.keys(variables(vendor)),
          getOwnPropertyDescriptor: (_target, name) => ({
            value: variables(vendor)[String(name)],
            enumerable: true,
            configurable: true,
          }),
        },
      ),
      fetch,
    },
    isRead: (_url, init) => isRead(operationOf(init)),
    requests: () => vendor().proxy.calls.length,
    secrets: ["wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"],
    reset: () => vendor().reset(),
    // Defects of moto, and what shows the same instead.
    expectedFailures: {
      "containers: the first release has a number, is in service, and says who made it of what":
        "moto starts no task of a service, so that none is listed; examples/ecs/test on ministack",
      "containers: a process that ends at once fails the rollout, and the one in service stays":
        "moto calls every rollout done; test/scripted-up.test.ts",
    },
    timeouts: { scenario: 120_000, abort: 5_000 },
  };
}

function variables(vendor: () => Vendor): Readonly<Record<string, string | undefined>> {
  return { PATH: process.env.PATH, HOME: process.env.HOME, ...vendor().env };
}

/** The operation of a request as the SDK sends it. */
function operationOf(init: RequestInit): string {
  const target = new Headers(init.headers).get("x-amz-target");
  if (target !== null) return target.split(".").at(-1) ?? "";
  const body =
    typeof init.body === "string"
      ? init.body
      : init.body instanceof Uint8Array
        ? Buffer.from(init.body).toString()
        : "";
  const action = new URLSearchParams(body).get("Action");
  if (action !== null) return action;
  return init.method === "GET" || init.method === "HEAD" ? "Get" : "Put";
}
