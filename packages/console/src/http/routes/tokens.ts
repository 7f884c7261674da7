import { parseApp, parseExpiry, parseName, parseRole } from "../../access/values.js";
import type { MadeToken, TokenList } from "../../shared/access-types.js";
import type { Route } from "../route.js";
import { fieldsOf, notFound } from "./environment-of.js";
import { byOf, personCaller } from "./visitor.js";

/** One's own tokens for scripts and CI. */
export const tokenRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/api/account/tokens",
    action: "self",
    handle: async (request) => {
      const answer: TokenList = {
        tokens: await request.services.access.tokens.list(personCaller(request).person.id),
      };
      return Response.json(answer);
    },
  },
  {
    method: "POST",
    path: "/api/account/tokens",
    action: "self",
    handle: async (request) => {
      const caller = personCaller(request);
      const { access, now } = request.services;
      const body = await fieldsOf(request, ["name", "app", "role", "expiresAt"]);
      const expiresAt = parseExpiry(body.expiresAt, now());
      const wanted = {
        name: parseName(body.name),
        app: parseApp(body.app),
        role: parseRole(body.role),
        ...(expiresAt === undefined ? {} : { expiresAt }),
      };
      const made: MadeToken = await access.tokens.make({ caller, address: request.address }, wanted);
      return Response.json(made, { status: 201, headers: { "cache-control": "no-store" } });
    },
  },
  {
    method: "DELETE",
    path: "/api/account/tokens/:id",
    action: "self",
    handle: async (request) => {
      const { person } = personCaller(request);
      const { id = "" } = request.params;
      if (await request.services.access.tokens.end(byOf(request), person.id, id)) return Response.json({});
      throw notFound("You have no such token.");
    },
  },
];
