import type { WantedGrant } from "../../access/grants.js";
import { parseApp, parseEmail, parseExpiry, parseRole } from "../../access/values.js";
import type { Invited, PeopleList, Revoked } from "../../shared/access-types.js";
import type { Route } from "../route.js";
import { badRequest, fieldsOf, notFound, optionalText } from "./environment-of.js";
import { byOf, causeOf } from "./visitor.js";

/** Everybody here: for who manages everything. */
export const peopleRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/api/people",
    action: "people.manage",
    handle: async ({ services }) => {
      const answer: PeopleList = { people: await services.access.people.list() };
      return Response.json(answer);
    },
  },
  {
    method: "POST",
    path: "/api/people",
    action: "people.manage",
    handle: async (request) => {
      const { access, signIn, vendorAccess, now } = request.services;
      const body = await fieldsOf(request, ["email", "name", "grants"]);
      const email = parseEmail(body.email);
      const name = optionalText(body.name, "name");
      const grants = grantsOf(body.grants, now());
      const made = await access.people.invite(byOf(request), {
        email,
        grants,
        ...(name === undefined ? {} : { name }),
      });
      // Providers take their time; what fails there is kept, and shown with the app.
      for (const { app } of grants) void vendorAccess.settle(email, app, causeOf(request));
      const answer: Invited = {
        person: made.person,
        link: signIn.invitationLink(made.secret),
        expiresAt: made.expiresAt,
      };
      return Response.json(answer, { status: 201, headers: { "cache-control": "no-store" } });
    },
  },
  {
    method: "DELETE",
    path: "/api/people/:id",
    action: "people.manage",
    handle: async (request) => {
      const { access, vendorAccess } = request.services;
      const { id = "" } = request.params;
      const person = await access.people.find(id);
      if (person === undefined) throw notFound("There is no such person.");
      const ended = await access.people.revoke(byOf(request), id);
      const providers = await vendorAccess.revokeEverywhere(person.email, causeOf(request));
      const answer: Revoked = { ended, providers };
      return Response.json(answer);
    },
  },
  {
    method: "GET",
    path: "/api/people/:id/rights",
    action: "people.manage",
    handle: async ({ services, params }) => {
      const names = [...new Set(services.apps.list().map(({ app }) => app))];
      return Response.json(await services.access.questions.rightsOf(params.id ?? "", names));
    },
  },
];

/** The grants that an invitation comes with, checked before anything is done. */
function grantsOf(value: unknown, now: number): readonly Omit<WantedGrant, "person">[] {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length > 100) throw badRequest('"grants" has to be a list of grants.');
  return value.map((one: unknown) => {
    const { app, role, expiresAt } = (typeof one === "object" && one !== null ? one : {}) as Record<
      string,
      unknown
    >;
    const until = parseExpiry(expiresAt, now);
    return {
      app: parseApp(app),
      role: parseRole(role),
      ...(until === undefined ? {} : { expiresAt: until }),
    };
  });
}
