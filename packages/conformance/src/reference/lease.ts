import { randomUUID } from "node:crypto";
import { DeployError, type Lease, type LeaseHolder } from "@deploy/core";
import { call, keyOf, remove, type Surroundings } from "./api.js";

interface Held {
  readonly id: string;
  readonly holder: LeaseHolder;
}

/** The deploy lock of the reference provider: whoever puts it first has it. */
export function createLease(own: Surroundings): Lease {
  return {
    async acquire(context, scope, holder) {
      const path = ["scopes", keyOf(scope), "lock"];
      const id = randomUUID();
      const held = await call<Held>(own, context, "PUT", path, { body: { id, holder }, code: "lease" });
      if (held.id !== id) return { holder: held.holder };
      return {
        granted: {
          release: () => remove(own, context, path, { id }),
          async check() {
            const now = await call<Held | null>(own, context, "GET", path, { code: "lease" });
            if (now?.id === id) return;
            throw new DeployError({
              code: "lease.lost",
              message: `The deploy lock of ${scope.environment} was taken away from this run.`,
              hint: "Look at who holds it now, and run the same again.",
            });
          },
        },
      };
    },
    async holder(context, scope) {
      return (
        await call<Held | null>(own, context, "GET", ["scopes", keyOf(scope), "lock"], { code: "lease" })
      )?.holder;
    },
    break: (context, scope) => remove(own, context, ["scopes", keyOf(scope), "lock"]),
  };
}
