import { DeployError } from "@deploy/core";
import type { BegunSession } from "../../access/sessions.js";
import {
  SIGN_IN_PROBLEMS,
  type SignedIn,
  type SignInProblem,
  type SignInWays,
} from "../../shared/sign-in-types.js";
import { clearedSessionCookie, pendingCookie, sessionCookie } from "../../sign-in/cookies.js";
import type { ProviderWay } from "../../sign-in/types.js";
import type { Route, RouteRequest } from "../route.js";
import { fieldsOf, notFound, optionalText } from "./environment-of.js";
import { isHttps, personCaller, requiredText, visitorOf } from "./visitor.js";

/** Signing in and out. Secrets come in bodies; what a provider sends back comes as it has to, in a query. */
export const signInRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/api/sign-in/ways",
    action: "sign-in",
    handle: ({ services }) => {
      const { github, oidc } = services.signIn.ways;
      const ways: SignInWays = {
        password: true,
        ...(github === undefined ? {} : { github: { ...github, start: "/sign-in/github" } }),
        ...(oidc === undefined ? {} : { oidc: { ...oidc, start: "/sign-in/oidc" } }),
      };
      return Response.json(ways);
    },
  },
  {
    method: "POST",
    path: "/api/sign-in/password",
    action: "sign-in",
    handle: async (request) => {
      const { email, password } = await fieldsOf(request, ["email", "password"]);
      return signedIn(
        request,
        await request.services.signIn.withPassword(
          requiredText(email, "email"),
          requiredText(password, "password"),
          visitorOf(request),
        ),
      );
    },
  },
  {
    method: "POST",
    path: "/api/sign-in/link",
    action: "sign-in",
    handle: async (request) => {
      const body = await fieldsOf(request, ["secret", "email", "name"]);
      const email = optionalText(body.email, "email");
      const name = optionalText(body.name, "name");
      const link = {
        secret: requiredText(body.secret, "secret"),
        ...(email === undefined ? {} : { email }),
        ...(name === undefined ? {} : { name }),
      };
      return signedIn(request, await request.services.signIn.withLink(link, visitorOf(request)));
    },
  },
  {
    method: "POST",
    path: "/api/sign-in/link/check",
    action: "sign-in",
    handle: async (request) => {
      const { secret } = await fieldsOf(request, ["secret"]);
      return Response.json(
        await request.services.signIn.link(requiredText(secret, "secret"), visitorOf(request)),
      );
    },
  },
  {
    method: "POST",
    path: "/api/sign-in/invitation/check",
    action: "sign-in",
    handle: async (request) => {
      const { secret } = await fieldsOf(request, ["secret"]);
      return Response.json(
        await request.services.signIn.invitation(requiredText(secret, "secret"), visitorOf(request)),
      );
    },
  },
  {
    method: "POST",
    path: "/api/sign-in/invitation",
    action: "sign-in",
    handle: async (request) => {
      const body = await fieldsOf(request, ["secret", "password", "name"]);
      const name = optionalText(body.name, "name");
      const invitation = {
        secret: requiredText(body.secret, "secret"),
        password: requiredText(body.password, "password"),
        ...(name === undefined ? {} : { name }),
      };
      return signedIn(request, await request.services.signIn.withInvitation(invitation, visitorOf(request)));
    },
  },
  ...(["github", "oidc"] as const).flatMap((way): readonly Route[] => [
    {
      method: "GET",
      path: `/sign-in/${way}`,
      action: "sign-in",
      handle: (request) =>
        orBack(
          request,
          async (provider) => {
            const { url, cookie } = await provider.start(request.url.searchParams.get("return"));
            return redirect(url, [cookie]);
          },
          way,
        ),
    },
    {
      method: "GET",
      path: `/sign-in/${way}/return`,
      action: "sign-in",
      handle: (request) =>
        orBack(
          request,
          async (provider) => {
            const { secret, returnTo } = await request.services.signIn.withProvider(
              provider,
              request.url.searchParams,
              request.request.headers.get("cookie") ?? "",
              visitorOf(request),
            );
            return redirect(returnTo, [sessionCookie(secret, isHttps(request)), forgotten(request)]);
          },
          way,
        ),
    },
  ]),
  {
    method: "POST",
    path: "/api/sign-out",
    // Whoever is signed out already may want the cookie gone.
    action: "sign-in",
    handle: async (request) => {
      const { caller, services } = request;
      if (caller.kind === "person") {
        const { person, sessionId } = personCaller(request);
        await services.access.sessions.end({ caller, address: request.address }, person.id, sessionId);
      }
      return Response.json({}, { headers: { "set-cookie": clearedSessionCookie(isHttps(request)) } });
    },
  },
];

function signedIn(request: RouteRequest, { person, secret }: BegunSession): Response {
  const answer: SignedIn = { person };
  return Response.json(answer, { headers: { "set-cookie": sessionCookie(secret, isHttps(request)) } });
}

/** What did not work out with a provider is told by the page, which knows a text for each problem. */
async function orBack(
  request: RouteRequest,
  work: (provider: ProviderWay) => Promise<Response>,
  way: "github" | "oidc",
): Promise<Response> {
  const provider = request.services.signIn.provider(way);
  if (provider === undefined) throw notFound("This way to sign in is not set up.");
  try {
    return await work(provider);
  } catch (error) {
    const problem = DeployError.is(error) ? error.code.replace(/^sign-in\./, "") : "";
    if (!isProblem(problem)) throw error;
    return redirect(`/sign-in?problem=${problem}`, [forgotten(request)]);
  }
}

function isProblem(value: string): value is SignInProblem {
  return Object.hasOwn(SIGN_IN_PROBLEMS, value);
}

function forgotten(request: RouteRequest): string {
  return pendingCookie("", isHttps(request), 0);
}

function redirect(location: string, cookies: readonly string[]): Response {
  const headers = new Headers({ location, "cache-control": "no-store" });
  for (const cookie of cookies) headers.append("set-cookie", cookie);
  return new Response(null, { status: 303, headers });
}
