import type { Access, AnyResource, Context, Resource, Role, Scope } from "@deploy/core";
import { call, idOf, keyOf, remove, type Surroundings } from "./api.js";

interface Held {
  readonly role: Role;
}

/** Role by person, asked for once per plan. */
export function listGrants(
  own: Surroundings,
  context: Context,
  scope: Scope,
): Promise<Readonly<Record<string, Role>>> {
  return context.shared(`${own.name}/grants/${keyOf(scope)}`, () =>
    call(own, context, "GET", ["scopes", keyOf(scope), "grants"]),
  );
}

/** Permissions of the reference provider: four roles, per scope. */
export function createAccess(own: Surroundings): Access {
  return {
    capabilities: { roles: { viewer: true, deployer: true, operator: true, manager: true } },
    grants: (scope, grants) => ({
      resources: grants.map(({ person, role }): AnyResource => {
        const put = async (context: Context): Promise<Held> => {
          await call(own, context, "PUT", ["scopes", keyOf(scope), "grants", person], { body: { role } });
          return { role };
        };
        const grant: Resource<Held, Held> = {
          id: idOf(own, "access", scope, person),
          label: `${role} ${person}`,
          provider: own.name,
          element: "access",
          pollEvery: 5,
          desired: { role },
          async read(context) {
            const held = (await listGrants(own, context, scope))[person];
            return held === undefined ? undefined : { role: held };
          },
          create: put,
          update: put,
        };
        return grant as AnyResource;
      }),
    }),
    async who(context, scope) {
      const held = await listGrants(own, context, scope);
      return Object.entries(held).map(([person, role]) => ({ person, role }));
    },
    async revoke(context, person, scope) {
      const keys =
        scope === undefined ? await call<string[]>(own, context, "GET", ["people", person]) : [keyOf(scope)];
      const off: string[] = [];
      for (const key of keys) {
        const held = await call<Record<string, Role>>(own, context, "GET", ["scopes", key, "grants"]);
        if (held[person] === undefined) continue;
        await remove(own, context, ["scopes", key, "grants", person]);
        off.push(key);
      }
      return off;
    },
  };
}
