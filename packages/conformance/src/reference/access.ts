import {
  type Access,
  type AnyResource,
  type Context,
  type Handover,
  type Resource,
  type Role,
  redact,
  type Scope,
} from "@deploy/core";
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

/** Permissions of the reference provider: four roles, per scope. Who is let in has an invitation to be given. */
export function createAccess(own: Surroundings): Access {
  let invitations: Handover[] = [];
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
          async create(context) {
            const held = await put(context);
            const secret = redact(`invitation of ${person} to ${keyOf(scope)}`);
            invitations.push({ person, what: "an invitation; it works once", secret });
            return held;
          },
          update: put,
        };
        return grant as AnyResource;
      }),
    }),
    handovers() {
      const given = invitations;
      invitations = [];
      return given;
    },
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
