import { parseApp, parseEmail, parseExpiry, parseRole } from "../../access/values.js";
import type { VendorOutcome } from "../../apps/vendor-access-types.js";
import type { Granted, ProviderOutcome, Removed } from "../../shared/access-types.js";
import type { Route, RouteRequest } from "../route.js";
import { fieldsOf, notFound } from "./environment-of.js";
import { byOf, causeOf } from "./visitor.js";

/** Roles for one app, by who manages it; and for all of them, by who manages everything. */
export const grantRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/api/apps/:app/access",
    action: "access.read",
    handle: async ({ services, params }) =>
      Response.json(await services.access.questions.whoCan(params.app ?? "")),
  },
  {
    method: "POST",
    path: "/api/apps/:app/grants",
    action: "access.grant",
    handle: (request) => grant(request, request.params.app ?? ""),
  },
  {
    method: "DELETE",
    path: "/api/apps/:app/grants/:id",
    action: "access.grant",
    handle: (request) => remove(request, request.params.app ?? ""),
  },
  {
    method: "POST",
    path: "/api/grants",
    action: "people.manage",
    handle: (request) => grant(request, "*"),
  },
  {
    method: "DELETE",
    path: "/api/grants/:id",
    action: "people.manage",
    handle: (request) => remove(request, "*"),
  },
];

async function grant(request: RouteRequest, name: string): Promise<Response> {
  const { access, signIn, vendorAccess, now } = request.services;
  const body = await fieldsOf(request, ["person", "role", "expiresAt", "here"]);
  const app = parseApp(name);
  const expiresAt = parseExpiry(body.expiresAt, now());
  const made = await access.grants.set(byOf(request), {
    person: parseEmail(body.person),
    app,
    role: parseRole(body.role),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  });
  const providers =
    body.here === true ? [] : await vendorAccess.settle(made.person.email, app, causeOf(request));
  const answer: Granted = {
    grant: made.grant,
    person: made.person,
    changed: made.changed,
    providers: outcomes(providers),
    ...(made.invitation === undefined
      ? {}
      : {
          invited: {
            link: signIn.invitationLink(made.invitation.secret),
            expiresAt: made.invitation.expiresAt,
          },
        }),
  };
  return Response.json(answer, {
    status: made.changed ? 201 : 200,
    headers: { "cache-control": "no-store" },
  });
}

async function remove(request: RouteRequest, app: string): Promise<Response> {
  const { access, vendorAccess } = request.services;
  const { id = "" } = request.params;
  const held = (await access.grants.ofApp(app)).find((one) => one.id === id);
  const person = held === undefined ? undefined : await access.people.find(held.personId);
  if (person === undefined || !(await access.grants.remove(byOf(request), id, app))) {
    throw notFound("There is no such grant.");
  }
  const answer: Removed = {
    providers: outcomes(await vendorAccess.settle(person.email, app, causeOf(request))),
  };
  return Response.json(answer);
}

function outcomes(all: readonly VendorOutcome[]): readonly ProviderOutcome[] {
  return all.flatMap(({ app, environment, state, trouble }) =>
    state === "unsupported"
      ? []
      : [{ app, environment, state, ...(trouble === undefined ? {} : { problem: trouble }) }],
  );
}
