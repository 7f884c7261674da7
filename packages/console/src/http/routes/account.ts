import type { Me, SessionList } from "../../shared/access-types.js";
import type { Route } from "../route.js";
import { fieldsOf, notFound } from "./environment-of.js";
import { byOf, personCaller, requiredText, visitorOf } from "./visitor.js";

/** What everybody has: who they are here, their password, their sessions. */
export const accountRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/api/me",
    action: "self",
    handle: async (request) => {
      const caller = personCaller(request);
      const { access, apps } = request.services;
      const names = [...new Set(apps.list().map(({ app }) => app))];
      const me: Me = {
        person: caller.person,
        sessionId: caller.sessionId,
        ...(await access.questions.ownRights(caller, names)),
      };
      return Response.json(me);
    },
  },
  {
    method: "POST",
    path: "/api/account/password",
    action: "self",
    handle: async (request) => {
      const { current, password } = await fieldsOf(request, ["current", "password"]);
      const change = {
        password: requiredText(password, "password"),
        ...(current === undefined ? {} : { current: requiredText(current, "current") }),
      };
      await request.services.signIn.changePassword(personCaller(request), change, visitorOf(request));
      return Response.json({});
    },
  },
  {
    method: "GET",
    path: "/api/account/sessions",
    action: "self",
    handle: async (request) => {
      const { person, sessionId } = personCaller(request);
      const sessions = await request.services.access.sessions.list(person.id);
      const answer: SessionList = {
        sessions: sessions.map((session) => ({ ...session, current: session.id === sessionId })),
      };
      return Response.json(answer);
    },
  },
  {
    method: "DELETE",
    path: "/api/account/sessions",
    action: "self",
    handle: async (request) => {
      const { person, sessionId } = personCaller(request);
      const ended = await request.services.access.sessions.endOthers(byOf(request), person.id, sessionId);
      return Response.json({ ended });
    },
  },
  {
    method: "DELETE",
    path: "/api/account/sessions/:id",
    action: "self",
    handle: async (request) => {
      const { person } = personCaller(request);
      const { id = "" } = request.params;
      if (await request.services.access.sessions.end(byOf(request), person.id, id)) return Response.json({});
      throw notFound("You have no such session.");
    },
  },
];
